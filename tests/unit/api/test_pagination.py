import pytest

from fastapi_chassis.api import PageRequest, PageResponse
from fastapi_chassis.domain import Page
from tests.unit.api.stand import build, problem, speaking

WRONG = ("limit=-1", "limit=0", "limit=101", "limit=9223372036854775808", "limit=1e2", "limit=", "limit=ten",
         "limit=" + "9" * 5_000, "after=", "after=forged", "after=" + "a" * 1_001, "offset=5",
         "limit=1&limit=2", "page=1")  # fmt: skip


@pytest.mark.requirement("API-5", "MISTAKE-17")
@pytest.mark.parametrize("query", WRONG, ids=lambda query: query[:30])
async def test_wrong_bounds_are_invalid_input(query: str) -> None:
    async with speaking(build()) as client:
        problem(await client.get(f"/api/items/?{query}"), 422)


@pytest.mark.requirement("API-5")
async def test_pages_follow_each_other_to_the_end() -> None:
    async with speaking(build()) as client:
        for title in ("Dune", "Emma", "Ulysses"):
            await client.post("/api/items/", json={"title": title})
        first = (await client.get("/api/items/", params={"limit": 2, "order": "title"})).json()
        rest = await client.get("/api/items/", params={"limit": 2, "order": "title", "after": first["next"]})

    assert first["items"] == ["Dune", "Emma"]
    assert rest.json() == {"items": ["Ulysses"], "next": None, "total": None}


@pytest.mark.requirement("API-5")
async def test_a_cursor_belongs_to_its_question() -> None:
    async with speaking(build()) as client:
        for title in ("Dune", "Emma", "Ulysses"):
            await client.post("/api/items/", json={"title": title})
        cursor = (await client.get("/api/items/?limit=1&order=title")).json()["next"]
        response = await client.get("/api/items/", params={"limit": 1, "order": "-title", "after": cursor})

    assert problem(response, 422)["error_code"] == "INVALID_CURSOR"


async def test_a_page_has_twenty_entries_where_nothing_is_said() -> None:
    assert PageRequest().limit == 20
    async with speaking(build()) as client:
        for number in range(21):
            await client.post("/api/items/", json={"title": str(number)})
        assert len((await client.get("/api/items/")).json()["items"]) == 20


@pytest.mark.requirement("API-6")
def test_a_page_is_shown_entry_by_entry() -> None:
    page = PageResponse[str].of(Page((1, 2), "cursor", 9), lambda number: f"no. {number}")

    assert page.model_dump() == {"items": ["no. 1", "no. 2"], "next": "cursor", "total": 9}
