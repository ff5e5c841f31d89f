"""The HTTP routes of the catalogue."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response

from bookshop.books.commands import AddBook, DescribeBook, RemoveBook
from bookshop.books.queries import GetBook, ListBooks
from bookshop.books.schemas import BookBody, BookFilters, BookPage, BookResponse
from bookshop.callers import LoggedIn
from fastapi_chassis.api import ExpectedVersion, Inject, PageParams, problem_responses, set_etag, strict_query
from fastapi_chassis.application import Mediator
from fastapi_chassis.security import requires

router = APIRouter(
    prefix="/books",
    tags=["books"],
    dependencies=[LoggedIn, Depends(strict_query)],
    responses=problem_responses(422),
)

_READ, _WRITE = requires("books:read"), requires("books:write")
_EXAMPLE = {
    "isbn": "978-0-441-17271-9",
    "title": "Dune",
    "authors": ["Frank Herbert"],
    "published": 1965,
    "price": "9.90",
    "details": {"format": {"pages": 412}},
}


@router.get("/", dependencies=[_READ])
async def list_books(filters: BookFilters, page: PageParams, mediator: Inject[Mediator]) -> BookPage:
    """Lists books by title unless asked otherwise; the cursor `next` leads to the following page."""
    asked = dict(filters)
    order = asked.pop("order", None)
    query = ListBooks(filters=asked, limit=page.limit, after=page.after)
    if isinstance(order, list):
        query = query.replace(order=tuple(order))
    return BookPage.of(await mediator.send(query), BookResponse.of)


@router.post("/", status_code=201, dependencies=[_WRITE], responses=problem_responses(409))
async def add_book(
    command: Annotated[AddBook, Body(examples=[_EXAMPLE])],
    request: Request,
    response: Response,
    mediator: Inject[Mediator],
) -> BookResponse:
    """Enters a book; librarians may."""
    book = await mediator.send(command)
    set_etag(response, book.version)
    response.headers["Location"] = f"{request.scope['path']}{book.id}"
    return BookResponse.of(book)


@router.get("/{book_id}", dependencies=[_READ], responses=problem_responses(404))
async def get_book(book_id: UUID, response: Response, mediator: Inject[Mediator]) -> BookResponse:
    """Shows one book; its ETag is what If-Match takes."""
    book = await mediator.send(GetBook(book_id=book_id))
    set_etag(response, book.version)
    return BookResponse.of(book)


@router.put("/{book_id}", dependencies=[_WRITE], responses=problem_responses(404, 409, 412))
async def describe_book(
    book_id: UUID,
    body: Annotated[BookBody, Body(examples=[{"published": 1965, "price": "9.90", "details": {}}])],
    expected: ExpectedVersion,
    response: Response,
    mediator: Inject[Mediator],
) -> BookResponse:
    """Replaces what is known about a book; librarians may."""
    command = DescribeBook(
        book_id=book_id,
        published=body.published,
        price=body.price,
        details=body.details,
        expected_version=expected,
    )
    book = await mediator.send(command)
    set_etag(response, book.version)
    return BookResponse.of(book)


@router.delete(
    "/{book_id}", status_code=204, dependencies=[_WRITE], responses=problem_responses(404, 409, 412)
)
async def remove_book(book_id: UUID, expected: ExpectedVersion, mediator: Inject[Mediator]) -> None:
    """Takes a book out of the catalogue; librarians may."""
    await mediator.send(RemoveBook(book_id=book_id, expected_version=expected))
