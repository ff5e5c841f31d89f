"""How books look over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from bookshop.books.commands import Price, Year
from bookshop.books.model import Book
from fastapi_chassis.api import Filters, PageResponse


class BookBody(BaseModel):
    """What a librarian says about a book that is in the catalogue; the whole of it."""

    model_config = ConfigDict(extra="forbid")

    published: Year | None = None
    price: Price = Decimal(0)
    details: dict[str, object] = Field(default_factory=dict, examples=[{"format": {"pages": 412}}])


class BookResponse(BaseModel):
    """A book, as every member sees it."""

    id: UUID
    isbn: str = Field(examples=["9780441172719"])
    title: str = Field(examples=["Dune"])
    authors: list[str] = Field(examples=[["Frank Herbert"]])
    published: int | None
    price: Decimal
    details: dict[str, object]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, book: Book) -> Self:
        """Shows a book."""
        return cls(
            id=book.id,
            isbn=book.isbn,
            title=book.title,
            authors=book.authors,
            published=book.published,
            price=book.price,
            details=book.details,
            created_at=book.created_at,
            updated_at=book.updated_at,
        )


BookPage = PageResponse[BookResponse]

BookFilters = Annotated[
    dict[str, object],
    Depends(
        Filters(
            Book,
            allow={
                "title": ("e", "ilike"),
                "isbn": ("e", "in"),
                "published": ("e", "gte", "lte"),
                "price": ("gte", "lte"),
            },
            order=("title", "published", "price", "created_at"),
        )
    ),
]
