"""Books: a catalogue in memory or in MongoDB, kept by librarians and read by every member."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from bookshop.books.events import BookAdded
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import TestApplication, frozen, open_application

from .conftest import built, quick_passwords
from .shop import Member, Shop, assert_problem

DUNE = {
    "isbn": "978-0-441-17271-9",
    "title": "Dune",
    "authors": ["Frank Herbert"],
    "published": 1965,
    "price": "9.90",
    "details": {"format": {"pages": 412}},
}


@pytest.fixture(params=["memory", pytest.param("odm", marks=pytest.mark.backends("ferretdb"))])
async def app(request: pytest.FixtureRequest, clock: FrozenClock) -> AsyncIterator[TestApplication]:
    """The bookshop with its catalogue on each of its stores."""
    settings: dict[str, object] = {}
    if request.param == "odm":
        url = request.getfixturevalue("ferretdb_url")
        settings = {
            "service.store": "memory",
            "modules.books.store": "odm",
            "plugins.odm.enabled": True,
            "plugins.odm.url": url,
            "plugins.odm.database": f"books_{uuid4().hex[:12]}",
        }
    service = built(None, frozen(clock), quick_passwords(), settings=settings)
    async with open_application(service, clock=clock) as app:
        yield app


@pytest.fixture
async def librarian(shop: Shop) -> Member:
    return await shop.administrator()


@pytest.mark.requirement("REP-7", "REF-6")
async def test_a_book_is_entered_shown_described_and_taken_out(shop: Shop, librarian: Member) -> None:
    entered = await librarian.post("/api/books/", DUNE)
    assert entered.status_code == 201, entered.text
    book = entered.json()
    assert (book["isbn"], book["price"], book["details"]) == (
        "9780441172719",
        "9.90",
        {"format": {"pages": 412}},
    )
    shown = await librarian.get(entered.headers["location"])
    assert shown.json() == book
    assert shown.headers["etag"] == entered.headers["etag"] == '"1"'
    body = {"published": 1966, "price": "12.50", "details": {"signed": True}}
    described = await librarian.put(f"/api/books/{book['id']}", body, headers={"If-Match": '"1"'})
    assert described.status_code == 200, described.text
    assert {name: described.json()[name] for name in body} == body
    stale = await librarian.put(f"/api/books/{book['id']}", body, headers={"If-Match": '"1"'})
    assert_problem(stale, 412)
    assert (await librarian.delete(f"/api/books/{book['id']}")).status_code == 204
    assert_problem(await librarian.get(f"/api/books/{book['id']}"), 404, "NOT_FOUND")


@pytest.mark.requirement("REP-7", "MSG-2")
async def test_its_event_leaves_with_it(app: TestApplication, librarian: Member) -> None:
    await librarian.post("/api/books/", DUNE)
    await app.settled()
    app.published(BookAdded, title="Dune", isbn="9780441172719")


async def test_an_isbn_stands_for_one_book(app: TestApplication, librarian: Member) -> None:
    await librarian.post("/api/books/", DUNE)
    again = await librarian.post("/api/books/", {**DUNE, "isbn": "9780441172719", "title": "Other"})
    assert_problem(again, 409, "ALREADY_EXISTS")
    assert len((await librarian.get("/api/books/")).json()["items"]) == 1


@pytest.mark.parametrize("isbn", ["978-0-441-17271-8", "12", "", "x" * 40, "٩٧٨٠٤٤١١٧٢٧١٩"])
async def test_what_is_no_isbn_is_refused(librarian: Member, isbn: str) -> None:
    assert_problem(await librarian.post("/api/books/", {**DUNE, "isbn": isbn}), 422)


async def test_members_read_and_librarians_write(shop: Shop, librarian: Member) -> None:
    ada = await shop.member()
    book = (await librarian.post("/api/books/", DUNE)).json()
    assert (await ada.get(f"/api/books/{book['id']}")).status_code == 200
    assert_problem(await ada.post("/api/books/", DUNE), 403)
    assert_problem(await ada.delete(f"/api/books/{book['id']}"), 403)
    assert_problem(await shop.client.get("/api/books/"), 401)


@pytest.mark.requirement("REP-2", "REP-3")
async def test_the_catalogue_is_searched_and_paged(shop: Shop, librarian: Member) -> None:
    isbns = ["9780441172719", "9780553283686", "9780345391803", "080442957X"]
    for number, isbn in enumerate(isbns):
        entry = {**DUNE, "isbn": isbn, "title": f"Book {number}", "published": 1960 + number}
        assert (await librarian.post("/api/books/", entry)).status_code == 201
    found = (
        await librarian.get("/api/books/", params={"published__gte": 1962, "order": "-published"})
    ).json()
    assert [book["title"] for book in found["items"]] == ["Book 3", "Book 2"]
    first = (await librarian.get("/api/books/", params={"limit": 3})).json()
    rest = (await librarian.get("/api/books/", params={"limit": 3, "after": first["next"]})).json()
    titles = [book["title"] for page in (first, rest) for book in page["items"]]
    assert titles == ["Book 0", "Book 1", "Book 2", "Book 3"]
    assert_problem(await librarian.get("/api/books/", params={"details": "x"}), 422)
