"""Book: an entry of the catalogue, and the rules about it."""

from datetime import datetime
from decimal import Decimal

from bookshop.books.events import BookAdded
from fastapi_chassis.domain import BaseAggregate


class Book(BaseAggregate):
    """An entry of the catalogue; what one knows beyond its fields lies in `details`."""

    isbn: str
    title: str
    authors: list[str]
    published: int | None = None
    price: Decimal = Decimal(0)
    details: dict[str, object]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def enter(cls, *, isbn: str, title: str, authors: list[str], at: datetime) -> "Book":
        """Enters a book into the catalogue, and says so to the others."""
        book = cls(isbn=isbn, title=title, authors=authors, details={}, created_at=at, updated_at=at)
        book.record(BookAdded(book_id=book.id, isbn=isbn, title=title))
        return book

    def describe(
        self, *, published: int | None, price: Decimal, details: dict[str, object], at: datetime
    ) -> None:
        """Replaces what is known besides title and authors."""
        self.published = published
        self.price = price
        self.details = details
        self.updated_at = at


def same_isbn(isbn: str) -> str:
    """Writes an ISBN the one way in which it is stored: thirteen digits or ten, nothing between them.

    Raises:
        ValueError: its last digit does not fit the others (ISO 2108).
    """
    plain = isbn.replace("-", "").replace(" ", "").upper()
    if len(plain) == 13 and plain.isascii() and plain.isdigit():
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(plain))
        fits = total % 10 == 0
    elif len(plain) == 10 and plain[:9].isascii() and plain[:9].isdigit() and plain[9] in "0123456789X":
        digits = [10 if sign == "X" else int(sign) for sign in plain]
        fits = sum(digit * (10 - place) for place, digit in enumerate(digits)) % 11 == 0
    else:
        raise ValueError("an ISBN has 13 digits, or 10")
    if not fits:
        raise ValueError("its last digit does not fit the others")
    return plain
