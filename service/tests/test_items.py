"""Items: offered, changed and taken away by their owners, seen by everybody."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bookshop.items.events import ItemCreated
from bookshop.notifications.consumers import announce
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import TestApplication

from .shop import Member, Shop, assert_problem

NOBODY = "01a1fbcc-3787-7900-8d2c-c721dc191d91"


@pytest.mark.requirement("REF-5")
async def test_an_item_is_created_shown_changed_and_taken_away(shop: Shop) -> None:
    ada = await shop.member()
    created = await ada.post("/api/items/", {"title": "Dune", "description": "Sand."})
    assert created.status_code == 201
    item = created.json()
    assert (item["owner_id"], item["is_active"]) == (ada.id, True)
    assert created.headers["location"] == f"/api/items/{item['id']}"
    shown = await ada.get(created.headers["location"])
    assert shown.json() == item
    assert shown.headers["etag"] == created.headers["etag"] == '"1"'
    changed = await ada.put(f"/api/items/{item['id']}", {"title": "Dune Messiah", "is_active": False})
    assert changed.status_code == 200
    assert (changed.json()["title"], changed.json()["description"]) == ("Dune Messiah", "")
    assert changed.json()["is_active"] is False
    assert changed.headers["etag"] == '"2"'
    removed = await ada.delete(f"/api/items/{item['id']}")
    assert (removed.status_code, removed.content) == (204, b"")
    assert_problem(await ada.get(f"/api/items/{item['id']}"), 404, "NOT_FOUND")
    assert_problem(await ada.delete(f"/api/items/{item['id']}"), 404, "NOT_FOUND")


@pytest.mark.requirement("REF-10")
async def test_the_newest_version_stands_without_its_number(shop: Shop) -> None:
    ada = await shop.member()
    item = await ada.offer()
    for path in (f"/api/items/{item['id']}", f"/api/v1/items/{item['id']}"):
        assert (await ada.get(path)).json() == item


MATRIX: dict[str, Callable[[Member, str], object]] = {
    "get": lambda who, item: who.get(f"/api/items/{item}"),
    "put": lambda who, item: who.put(f"/api/items/{item}", {"title": "Mine"}),
    "delete": lambda who, item: who.delete(f"/api/items/{item}"),
}
ALLOWED = {
    ("get", "owner"): 200,
    ("get", "other"): 200,
    ("get", "administrator"): 200,
    ("get", "nobody"): 401,
    ("put", "owner"): 200,
    ("put", "other"): 403,
    ("put", "administrator"): 200,
    ("put", "nobody"): 401,
    ("delete", "owner"): 204,
    ("delete", "other"): 403,
    ("delete", "administrator"): 204,
    ("delete", "nobody"): 401,
}


@pytest.mark.requirement("REF-5")
@pytest.mark.parametrize(("verb", "who"), ALLOWED)
async def test_who_may_do_what_with_an_item(memory_shop: Shop, verb: str, who: str) -> None:
    callers = {
        "owner": await memory_shop.member(),
        "other": await memory_shop.member("eve@example.com"),
        "administrator": await memory_shop.administrator(),
        "nobody": Member(memory_shop.client, "", "", "x", "x"),
    }
    item = await callers["owner"].offer()
    response = await MATRIX[verb](callers[who], item["id"])
    expected = ALLOWED[verb, who]
    if expected < 400:
        assert response.status_code == expected
    else:
        assert_problem(response, expected)
        still_there = (await callers["owner"].get(f"/api/items/{item['id']}")).json()
        assert still_there == item


@pytest.mark.requirement("REF-5")
async def test_an_item_that_is_not_there_is_not_found_whoever_asks(memory_shop: Shop) -> None:
    ada = await memory_shop.member()
    for do in MATRIX.values():
        assert_problem(await do(ada, NOBODY), 404, "NOT_FOUND")


@pytest.mark.requirement("REF-5")
@pytest.mark.parametrize(
    "name", ["id", "owner_id", "version", "created_at", "updated_at", "expected_version"]
)
async def test_what_is_not_the_owners_to_say_is_refused(memory_shop: Shop, name: str) -> None:
    ada = await memory_shop.member()
    item = await ada.offer()
    value = NOBODY if name.endswith("id") else 7 if "version" in name else "2020-01-01T00:00:00Z"
    for response in (
        await ada.post("/api/items/", {"title": "Dune", name: value}),
        await ada.put(f"/api/items/{item['id']}", {"title": "Dune", name: value}),
    ):
        assert assert_problem(response, 422)["errors"].keys() == {name}
    assert (await ada.get(f"/api/items/{item['id']}")).json() == item


@pytest.mark.requirement("DOM-6")
async def test_a_stale_change_is_refused_with_the_current_version(shop: Shop) -> None:
    ada = await shop.member()
    item = await ada.offer()
    path = f"/api/items/{item['id']}"
    fresh = {"If-Match": '"1"'}
    assert (await ada.put(path, {"title": "A"}, headers=fresh)).status_code == 200
    for response in (
        await ada.put(path, {"title": "B"}, headers=fresh),
        await ada.delete(path, headers=fresh),
    ):
        assert assert_problem(response, 412, "PRECONDITION_FAILED")["current_version"] == 2
    assert (await ada.put(path, {"title": "C"}, headers={"If-Match": "*"})).status_code == 200
    assert (await ada.delete(path, headers={"If-Match": '"3"'})).status_code == 204


@pytest.mark.requirement("DOM-6")
async def test_of_parallel_changes_of_one_version_one_wins(shop: Shop) -> None:
    ada = await shop.member()
    path = f"/api/items/{(await ada.offer())['id']}"
    changes = [ada.put(path, {"title": str(n)}, headers={"If-Match": '"1"'}) for n in range(10)]
    answers = await asyncio.gather(*changes)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (winner,) = [answer.json()["title"] for answer in answers if answer.status_code == 200]
    assert (await ada.get(path)).json()["title"] == winner


@pytest.mark.parametrize("tag", ["3", '"x"', '""', 'W/"1", "2"', '"1', "'1'", '"' + "9" * 100 + '"'])
async def test_a_tag_that_is_none_of_ours_is_refused(memory_shop: Shop, tag: str) -> None:
    ada = await memory_shop.member()
    path = f"/api/items/{(await ada.offer())['id']}"
    assert_problem(await ada.put(path, {"title": "A"}, headers={"If-Match": tag}), 422)


@pytest.mark.requirement("DOM-7")
async def test_the_same_request_has_one_effect_and_one_answer(app: TestApplication, shop: Shop) -> None:
    ada = await shop.member()
    headers = {"Idempotency-Key": "order-1"}
    first = await ada.post("/api/items/", {"title": "Dune"}, headers=headers)
    again = await ada.post("/api/items/", {"title": "Dune"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    other = await ada.post("/api/items/", {"title": "Emma"}, headers=headers)
    assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    await app.settled()
    app.published(ItemCreated, times=1)
    app.handled(announce, times=1)


@pytest.mark.requirement("DOM-7")
async def test_a_key_is_its_callers_own(shop: Shop) -> None:
    ada, eve = await shop.member(), await shop.member("eve@example.com")
    headers = {"Idempotency-Key": "order-1"}
    mine = await ada.post("/api/items/", {"title": "Dune"}, headers=headers)
    hers = await eve.post("/api/items/", {"title": "Dune"}, headers=headers)
    assert mine.json()["id"] != hers.json()["id"]


@pytest.mark.requirement("DOM-7")
async def test_of_parallel_requests_with_one_key_one_works(app: TestApplication, shop: Shop) -> None:
    ada = await shop.member()
    headers = {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(
        *(ada.post("/api/items/", {"title": "Dune"}, headers=headers) for _ in range(16))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    await app.settled()
    app.published(ItemCreated, times=1)


@pytest.mark.requirement("REF-5", "API-5")
async def test_pages_follow_each_other(shop: Shop, clock: FrozenClock) -> None:
    ada = await shop.member()
    for number in range(7):
        await ada.offer(f"Book {number}")
        clock.advance(timedelta(seconds=number % 2))  # some share their moment
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = (await ada.get("/api/items/", params={"limit": 3, **after})).json()
        seen += [item["title"] for item in page["items"]]
        after = {"after": page["next"]}
    assert page["next"] is None
    assert len(seen) == len(set(seen)) == 7
    assert seen[-1] == "Book 0"
    assert_problem(await ada.get("/api/items/", params={"after": "tampered"}), 422, "INVALID_CURSOR")


@pytest.mark.requirement("REF-5")
async def test_items_are_filtered_by_what_is_allowed(shop: Shop) -> None:
    ada, eve = await shop.member(), await shop.member("eve@example.com")
    for title in ("Dune", "100% Dune", "Emma", "dune_2"):
        await ada.offer(title)
    await eve.offer("Dune of Eve")

    async def titles(**query: object) -> set[str]:
        response = await ada.get("/api/items/", params=query)
        assert response.status_code == 200, response.text
        return {item["title"] for item in response.json()["items"]}

    assert await titles(title="Dune") == {"Dune"}
    assert await titles(title__ilike="DUNE") == {"Dune", "100% Dune", "dune_2", "Dune of Eve"}
    assert await titles(title__ilike="%") == {"100% Dune"}
    assert await titles(title__ilike="_") == {"dune_2"}
    assert await titles(owner_id=eve.id) == {"Dune of Eve"}
    assert await titles(is_active="false") == set()
    assert await titles(created_at__gte="2030-01-01T00:00:00Z") == set()
    ordered = (await ada.get("/api/items/", params={"order": "title"})).json()["items"]
    assert [item["title"] for item in ordered] == ["100% Dune", "Dune", "Dune of Eve", "Emma", "dune_2"]


@pytest.mark.requirement("REF-5")
@pytest.mark.parametrize(
    "query",
    [
        "color=red",
        "hashed_password__like=a",
        "title__like=a",
        "title__regex=a",
        "__class__=x",
        "owner_id=x",
        "owner_id=1%20OR%201=1",
        "is_active=perhaps",
        "created_at__gte=yesterday",
        "created_at__gte=2027-01-01T00:00:00",
        "created_at__gte=1795231072",
        "created_at__gte=1.5e3",
        "order=-owner_id",
        "order=title;drop",
        "title=a&title=b",
        "limit=5&limit=6",
        "title__ilike=" + "a" * 201,
        "owner_id__in=" + "&owner_id__in=".join([NOBODY] * 101),
    ],
)
async def test_other_filters_are_refused(memory_shop: Shop, query: str) -> None:
    ada = await memory_shop.member()
    assert_problem(await ada.get(f"/api/items/?{query}"), 422)


@pytest.mark.requirement("MISTAKE-17", "API-5")
@pytest.mark.parametrize("limit", ["-1", "0", "101", str(2**63), "9" * 400, "1.5", "", "x", "NaN", "1e3"])
@pytest.mark.parametrize("path", ["/api/items/", "/api/notifications/"])
async def test_a_limit_out_of_bounds_is_the_callers_error(memory_shop: Shop, path: str, limit: str) -> None:
    ada = await memory_shop.member()
    problem = assert_problem(await ada.get(path, params={"limit": limit}), 422)
    assert "limit" in problem["errors"]
