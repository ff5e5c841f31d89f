"""What may be asked about the catalogue."""

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from bookshop.books.model import Book
from fastapi_chassis.application import Query
from fastapi_chassis.domain import Page


class GetBook(Query[Book], requires="books:read"):
    """One book."""

    book_id: UUID


class ListBooks(Query[Page[Book]], requires="books:read"):
    """A page of books; filters in the language of the repository."""

    filters: Mapping[str, object] = field(default_factory=dict)
    order: tuple[str, ...] = ("title",)
    limit: int = 20
    after: str | None = None
