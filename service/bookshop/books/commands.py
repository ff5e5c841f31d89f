"""What may be asked to be done with the catalogue."""

from dataclasses import field
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from bookshop.books.model import Book, same_isbn
from fastapi_chassis.application import Command

type Isbn = Annotated[str, Field(max_length=32, examples=["978-0-441-17271-9"]), AfterValidator(same_isbn)]
type Title = Annotated[str, Field(min_length=1, max_length=300, examples=["Dune"])]
type Author = Annotated[str, Field(min_length=1, max_length=200, examples=["Frank Herbert"])]
type Authors = Annotated[list[Author], Field(min_length=1, max_length=50)]
type Year = Annotated[int, Field(ge=-3_000, le=3_000, examples=[1965])]
type Price = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2, examples=["9.90"])]


class AddBook(Command[Book], requires="books:write"):
    """Enters a book."""

    isbn: Isbn
    title: Title
    authors: Authors
    published: Year | None = None
    price: Price = Decimal(0)
    details: dict[str, object] = field(default_factory=dict)


class DescribeBook(Command[Book], requires="books:write"):
    """Replaces what is known about a book."""

    book_id: UUID
    published: Year | None = None
    price: Price = Decimal(0)
    details: dict[str, object] = field(default_factory=dict)
    expected_version: int | None = None


class RemoveBook(Command[None], requires="books:write"):
    """Takes a book out of the catalogue."""

    book_id: UUID
    expected_version: int | None = None
