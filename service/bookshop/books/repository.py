"""The questions that this feature asks of the catalogue, whichever store holds it."""

from typing import ClassVar
from uuid import UUID

from bookshop.books.model import Book
from fastapi_chassis.application import AbstractRepository


class BookRepository(AbstractRepository[Book, UUID]):
    """All books; an ISBN stands for one of them."""

    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("isbn",),)

    async def by_isbn(self, isbn: str) -> Book | None:
        """Returns the book with an ISBN, or None."""
        return await self.first(isbn=isbn)
