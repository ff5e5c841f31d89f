"""The routes of dead letters: off unless asked for, for operators alone, and what they show and do."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from fastapi_chassis.app import ApplicationAbstract, InMemoryStore, ServiceModule
from fastapi_chassis.application import Principal
from fastapi_chassis.audit import AuditQuery, audit_store_for
from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import (
    ChassisError,
    DomainEvent,
    IntegrationEvent,
    UnauthenticatedException,
    new_id,
)
from fastapi_chassis.messaging import DeadLetterRecord, Envelope
from fastapi_chassis.security import Authenticator
from fastapi_chassis.testing import TestApplication, open_application
from tests.unit.app.ledger import builder

pytestmark = pytest.mark.requirement("MSG-7")
HERE = "/api/dead-letters"
GOOD, POISON = '{"title":"Dune"}', '{"title":7}'
CALLERS = {"ann": frozenset({"messages:manage"}), "bob": frozenset({"messages:read"})}


class Printed(IntegrationEvent, name="routes_printed"):
    title: str


class Callers:
    async def authenticate(self, token: str) -> Principal:
        if token not in CALLERS:
            raise UnauthenticatedException("nobody knows this caller")
        return Principal(token, CALLERS[token])


def built(**dead_letters: object) -> ApplicationAbstract:
    async def announce(event: Printed) -> None: ...

    class Press(ApplicationAbstract):
        name = "press"
        modules = (ServiceModule("mails", consumers=(announce,)),)

    known = DependencyConfig("the test").bind_instance(Authenticator, Callers())
    setting = builder(Press).with_setting("messaging.dead_letters", dead_letters)
    return setting.with_dependencies(known).build()


@pytest.fixture
async def press() -> AsyncIterator["Press"]:
    async with open_application(built(api=True)) as app:
        yield Press(app)


class Press:
    """A service whose operator is ann."""

    def __init__(self, app: TestApplication) -> None:
        store = app.application.assembly.stores.default.store
        assert isinstance(store, InMemoryStore)
        self.store = store
        self.app = app

    async def put(
        self, payload: str | bytes = POISON, *, key: str = "", reason: str = "is bad", age: int = 0
    ) -> str:
        at = datetime.now(UTC) - timedelta(days=age)
        body = payload.encode() if isinstance(payload, str) else payload
        envelope = Envelope(
            id=new_id(),
            type="routes_printed",
            source="press",
            time=at,
            destination="integration-events.routes_printed",
            key=key,
            payload=body,
            headers={"tenant": "blue"},
        )
        record = DeadLetterRecord(group="press.mails", envelope=envelope, reason=reason, attempts=5, at=at)
        assert await self.store.dead_letters().add(record)
        return str(record.id)

    async def ask(self, method: str, path: str = "", *, by: str = "ann", **more: object) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {by}"} if by else {}
        return await self.app.client.request(method, f"{HERE}{path}", headers=headers, **more)  # type: ignore[arg-type]  # what httpx takes

    async def listed(self, **query: object) -> list[str]:
        answer = await self.ask("GET", params=query)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    async def audited(self) -> list[tuple[str, str]]:
        async with self.store.unit_of_work(sink=None, dispatch=nobody) as work:
            found = await audit_store_for(work.session).find(AuditQuery())
        return [(one.event.actor, one.event.action) for one in found]


async def nobody(event: DomainEvent) -> None:
    del event


async def test_they_are_off_unless_asked_for() -> None:
    async with open_application(built()) as app:
        for path in (HERE, f"{HERE}/{new_id()}"):
            assert (await app.client.get(path, headers={"Authorization": "Bearer ann"})).status_code == 404


def test_routes_to_what_the_broker_keeps_are_a_finding() -> None:
    with pytest.raises(ChassisError, match="the broker keeps the dead letters"):
        built(api=True, store="broker")


@pytest.mark.requirement("SEC-4")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/{id}"),
        ("PATCH", "/{id}"),
        ("POST", "/{id}/replay"),
        ("POST", "/{id}/discard"),
        ("POST", "/replay"),
        ("POST", "/discard"),
    ],
)
async def test_only_operators_may(press: Press, method: str, path: str) -> None:
    id_ = await press.put()
    body = None if method == "GET" or "{id}/" in path else {"all": True}
    for caller, status in (("", 401), ("eve", 401), ("bob", 403)):
        answer = await press.ask(method, path.format(id=id_), by=caller, json=body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert await press.listed() == [id_]
    assert await press.audited() == []


async def test_a_list_comes_in_pages_and_shows_no_body(press: Press) -> None:
    ids = [await press.put() for _ in range(5)]
    answer = (await press.ask("GET", params={"limit": 3})).json()
    assert [one["id"] for one in answer["items"]] == ids[:1:-1]
    assert not {"payload", "headers"} & answer["items"][0].keys()
    rest = (await press.ask("GET", params={"limit": 3, "after": answer["next"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (ids[1::-1], None)
    foreign = await press.ask("GET", params={"limit": 3, "after": answer["next"], "type": "other"})
    assert (foreign.status_code, foreign.json()["error_code"]) == (422, "INVALID_CURSOR")


async def test_each_filter_leaves_what_is_asked_for(press: Press) -> None:
    old, new = await press.put(age=3), await press.put(reason="is Late")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert await press.listed(type="routes_printed", group="press.mails") == [new, old]
    assert await press.listed(error="late") == await press.listed(since=yesterday) == [new]
    assert await press.listed(until=yesterday) == [old]
    assert await press.listed(type="other") == await press.listed(state="discarded") == []
    await press.ask("POST", f"/{old}/discard")
    assert await press.listed() == [new]
    assert await press.listed(state="discarded") == [old]
    assert await press.listed(state="any") == [new, old]


async def test_one_is_shown_with_its_message(press: Press) -> None:
    shown = (await press.ask("GET", f"/{await press.put()}")).json()
    assert (shown["payload"], shown["payload_base64"], shown["headers"]) == (POISON, None, {"tenant": "blue"})
    assert (shown["group"], shown["state"], shown["attempts"]) == ("press.mails", "waiting", 5)
    shown = (await press.ask("GET", f"/{await press.put(b'\xff\x00')}")).json()
    assert (shown["payload"], base64.b64decode(shown["payload_base64"])) == (None, b"\xff\x00")


async def test_an_edited_message_is_replayed_and_each_action_is_audited(press: Press) -> None:
    one = await press.put()
    again = (await press.ask("POST", f"/{one}/replay")).json()
    assert (again["state"], again["attempts"]) == ("waiting", 6)
    assert "title" in again["error"]
    edited = await press.ask("PATCH", f"/{one}", json={"payload": GOOD, "headers": {"a": "b"}})
    assert (edited.json()["payload"], edited.json()["headers"]) == (GOOD, {"a": "b"})
    assert (await press.ask("POST", f"/{one}/replay")).json()["state"] == "replayed"
    refused = await press.ask("POST", f"/{one}/replay")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "CONFLICT")
    verbs = ("replay", "edit", "replay")
    assert sorted(await press.audited()) == sorted(("ann", f"dead_letter.{verb}") for verb in verbs)


async def test_a_body_that_is_no_text_is_given_in_base64(press: Press) -> None:
    one = await press.put()
    text = base64.b64encode(GOOD.encode()).decode()
    assert (await press.ask("PATCH", f"/{one}", json={"payload_base64": text})).json()["payload"] == GOOD


async def test_all_that_a_filter_leaves_are_settled(press: Press) -> None:
    good = [await press.put(GOOD, key=f"{number}") for number in range(3)]
    poison, behind = await press.put(key="p"), await press.put(GOOD, key="p")
    first = (await press.ask("POST", "/replay", json={"type": "routes_printed", "limit": 2})).json()
    assert (first["done"], first["failed"]) == (good[:2], {})
    then = (await press.ask("POST", "/replay", json={"all": True})).json()
    assert then["done"] == good[2:]
    assert list(then["failed"]) == [poison, behind]
    gone = (await press.ask("POST", "/discard", json={"error": "title"})).json()
    assert gone == {"done": [poison], "failed": {}}
    assert await press.listed() == [behind]


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "", {"stat": "any"}, None),
        ("GET", "", {"state": "lost"}, None),
        ("GET", "", {"since": "yesterday"}, None),
        ("GET", "", {"since": "2027-03-01T12:00:00"}, None),
        ("GET", "", {"until": "9999-12-31T23:59:59-23:00"}, None),
        ("GET", "", {"limit": "101"}, None),
        ("GET", "", {"after": "nonsense"}, None),
        ("GET", "/7", {}, None),
        ("PATCH", "/{id}", {}, {}),
        ("PATCH", "/{id}", {}, {"payload": "{"}),
        ("PATCH", "/{id}", {}, {"payload": "1", "payload_base64": "MQ=="}),
        ("PATCH", "/{id}", {}, {"payload_base64": "no base64!"}),
        ("PATCH", "/{id}", {}, {"headers": {"a": 1}}),
        ("PATCH", "/{id}", {}, {"paylod": "1"}),
        ("POST", "/replay", {}, {}),
        ("POST", "/discard", {}, {"limit": 5}),
        ("POST", "/discard", {}, {"all": True, "limit": 201}),
        ("POST", "/discard", {}, {"typ": "routes_printed"}),
        ("POST", "/discard", {}, {"group": None}),
    ],
)
async def test_bad_input_is_a_problem(
    press: Press, method: str, path: str, query: dict[str, str], body: object
) -> None:
    one = await press.put()
    answer = await press.ask(method, path.format(id=one), params=query, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert await press.listed() == [one]


async def test_what_is_not_there_is_a_problem(press: Press) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/replay"), ("POST", "/discard")):
        body = {"payload": GOOD} if method == "PATCH" else None
        answer = await press.ask(method, f"/{UUID(int=7)}{path}", json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")
