"""What keeps the bookshop fast and fair: lists that are kept, and limits on logins and writes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from time import perf_counter
from uuid import UUID, uuid4

import pytest

from bookshop.items.model import Item
from bookshop.items.repository import ItemRepository
from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import TestApplication, frozen, open_application

from .conftest import RULES, built, quick_passwords
from .shop import Member, Shop, assert_problem


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.backends("valkey"))])
def shared(request: pytest.FixtureRequest) -> dict[str, object]:
    """Where lists are kept and requests counted: in the process, or by all replicas together."""
    if request.param == "memory":
        return {}
    return {
        "plugins.redis.enabled": True,
        "plugins.redis.required": True,
        "plugins.redis.url": request.getfixturevalue("valkey_url"),
        "plugins.redis.prefix": f"test:{uuid4().hex}:",
        "plugins.redis.rate_limit.timeout": 5,
    }


@pytest.fixture
async def app(shared: dict[str, object], clock: FrozenClock) -> AsyncIterator[TestApplication]:
    settings = {**shared, "api.rate_limits": RULES}
    service = built(None, frozen(clock), quick_passwords(), settings=settings)
    async with open_application(service, clock=clock) as app:
        yield app


async def written_past_the_handlers(app: TestApplication, owner: str, clock: FrozenClock) -> None:
    async with app.application.assembly.container.open_scope() as scope:
        work = await scope.get(AbstractUnitOfWork)
        async with work:
            now = clock.now()
            hidden = Item(title="Hidden", owner_id=UUID(owner), created_at=now, updated_at=now)
            await (await scope.get(ItemRepository)).add(hidden)
            await work.commit()


async def titles(member: Member, **params: object) -> list[str]:
    response = await member.get("/api/items/", params=params)
    assert response.status_code == 200, response.text
    return sorted(item["title"] for item in response.json()["items"])


@pytest.mark.requirement("CCH-3")
async def test_the_newest_items_are_kept_until_one_changes(
    app: TestApplication, shop: Shop, clock: FrozenClock
) -> None:
    ada = await shop.member()
    item = await ada.offer("Dune")
    assert await titles(ada) == ["Dune"]
    await written_past_the_handlers(app, ada.id, clock)
    assert await titles(ada) == ["Dune"], (
        "the list was read anew, and nobody had changed anything by a command"
    )
    assert await titles(ada, title="Hidden") == ["Hidden"], "a search is never kept"
    await ada.put(f"/api/items/{item['id']}", {"title": "Dune Messiah"})
    assert await titles(ada) == ["Dune Messiah", "Hidden"]
    await ada.delete(f"/api/items/{item['id']}")
    assert await titles(ada) == ["Hidden"]
    await ada.offer("Emma")
    assert await titles(ada) == ["Emma", "Hidden"]


@pytest.mark.requirement("CCH-3")
async def test_a_command_that_fails_forgets_nothing(
    app: TestApplication, shop: Shop, clock: FrozenClock
) -> None:
    ada, eve = await shop.member(), await shop.member("eve@example.com")
    item = await ada.offer("Dune")
    assert await titles(ada) == ["Dune"]
    await written_past_the_handlers(app, ada.id, clock)
    assert_problem(await eve.delete(f"/api/items/{item['id']}"), 403)
    assert await titles(ada) == ["Dune"]


@pytest.mark.requirement("API-4", "SEC-6")
async def test_guessing_passwords_is_slowed_down(
    shop: Shop, clock: FrozenClock, shared: dict[str, object]
) -> None:
    await shop.sign_up()
    answers = [await shop.log_in(password=f"guess {number}") for number in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    refused = answers[-1]
    assert_problem(refused, 429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit"].startswith('"login";r=0')
    assert refused.headers["ratelimit-policy"].startswith('"login";q=20')
    assert (await shop.log_in()).status_code == 429, "the right password waits as well"
    if not shared:  # Redis measures time by its own clock
        clock.advance(timedelta(seconds=4))
        assert (await shop.log_in()).status_code == 200


@pytest.mark.requirement("API-4")
async def test_each_member_writes_so_much_and_no_more(shop: Shop) -> None:
    ada, bob = await shop.member(), await shop.member("bob@example.com")
    rule = next(rule for rule in RULES if rule["name"] == "writes")
    allowed = int(rule["limit"].partition("/")[0])
    statuses, began = [], perf_counter()
    for _ in range(allowed // 20 + 5):
        answers = await asyncio.gather(*(ada.post("/api/items/", {"title": ""}) for _ in range(20)))
        statuses += [answer.status_code for answer in answers]
    # Redis measures time by its own clock, so some come back meanwhile
    refilled = (perf_counter() - began) * allowed / 60
    assert allowed <= statuses.count(422) <= allowed + refilled + 1
    assert statuses.count(429) == len(statuses) - statuses.count(422)
    assert (await ada.get("/api/items/")).status_code == 200, "who reads is not counted"
    assert (await bob.post("/api/items/", {"title": "Mine"})).status_code == 201
