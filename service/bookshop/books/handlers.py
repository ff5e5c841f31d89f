"""What happens with the catalogue: one function per command or query."""

from typing import Any, cast
from uuid import UUID

from bookshop.books.commands import AddBook, DescribeBook, RemoveBook
from bookshop.books.model import Book
from bookshop.books.queries import GetBook, ListBooks
from bookshop.books.repository import BookRepository
from fastapi_chassis.domain import Clock, ConflictException, Page


async def add_book(command: AddBook, books: BookRepository, clock: Clock) -> Book:
    """Enters a book."""
    now = clock.now()
    book = Book.enter(isbn=command.isbn, title=command.title, authors=command.authors, at=now)
    book.describe(published=command.published, price=command.price, details=command.details, at=now)
    return await books.add(book)


async def describe_book(command: DescribeBook, books: BookRepository, clock: Clock) -> Book:
    """Replaces what is known about a book."""
    book = await _as_seen(command.book_id, command.expected_version, books)
    book.describe(published=command.published, price=command.price, details=command.details, at=clock.now())
    return await books.update(book)


async def remove_book(command: RemoveBook, books: BookRepository) -> None:
    """Takes a book out of the catalogue."""
    await books.remove(await _as_seen(command.book_id, command.expected_version, books))


async def get_book(query: GetBook, books: BookRepository) -> Book:
    """Answers with one book."""
    return await books.get(query.book_id)


async def list_books(query: ListBooks, books: BookRepository) -> Page[Book]:
    """Answers with a page of books."""
    filters = cast("dict[str, Any]", query.filters)  # checked by the repository
    return await books.page(order=query.order, limit=query.limit, after=query.after, **filters)


async def _as_seen(book_id: UUID, expected_version: int | None, books: BookRepository) -> Book:
    book = await books.get(book_id)
    if expected_version not in {None, book.version}:
        details = {"entity": "Book", "key": str(book_id), "current_version": book.version}
        raise ConflictException("the book has changed since it was read", details=details)
    return book
