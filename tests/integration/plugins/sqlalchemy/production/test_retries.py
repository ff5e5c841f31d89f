"""Transactions that get into each other's way are begun anew."""

import asyncio

import pytest

from fastapi_chassis.application.transaction import TRIES
from tests.integration.plugins.sqlalchemy.production import bank
from tests.integration.plugins.sqlalchemy.production.bank import Rendezvous, open_bank

pytestmark = [pytest.mark.backends("postgresql"), pytest.mark.requirement("REP-5")]


@pytest.fixture(autouse=True)
def meeting(monkeypatch):
    met = Rendezvous()
    monkeypatch.setattr(bank, "meeting", met)
    return met


async def opened(app, owner, balance):
    response = await app.client.post("/accounts", json={"owner": owner, "balance": balance})
    assert response.status_code == 201, response.text
    return response.json()


async def test_two_transactions_that_wait_for_each_other_both_succeed(postgresql_url, meeting):
    async with open_bank(postgresql_url) as app:
        ada, bob = await opened(app, "ada", 100), await opened(app, "bob", 100)
        ways = [
            {"source": ada, "target": bob, "amount": 10},
            {"source": bob, "target": ada, "amount": 1},
        ]
        answers = await asyncio.gather(*(app.client.post("/transfers", json=way) for way in ways))
        assert [answer.status_code for answer in answers] == [200, 200], [one.text for one in answers]
        assert sorted(meeting.tries.values()) == [1, 2]  # one of them was the victim, and began anew
        balances = [(await app.client.get(f"/accounts/{one}")).json() for one in (ada, bob)]
        assert balances == [91, 109]


async def test_a_serialisation_failure_is_begun_anew_and_sees_what_the_other_did(postgresql_url, meeting):
    async with open_bank(postgresql_url) as app:
        await opened(app, "ada", 100)
        answers = await asyncio.gather(
            *(app.client.post("/donations", json={"owner": owner}) for owner in ("one", "two"))
        )
        assert [answer.status_code for answer in answers] == [200, 200], [one.text for one in answers]
        assert sorted(answer.json() for answer in answers) == [100, 200]
        assert sum(meeting.tries.values()) == 3


async def test_whoever_loses_every_time_is_told(postgresql_url, meeting):
    async with open_bank(postgresql_url) as app:
        answer = await app.client.post("/contentions")
        assert answer.status_code == 409
        assert answer.json()["error_code"] == "CONFLICT"
        assert meeting.tries["contend"] == TRIES


async def test_a_retried_command_with_a_key_is_done_once(postgresql_url, meeting):
    async with open_bank(postgresql_url) as app:
        ada, bob = await opened(app, "ada", 100), await opened(app, "bob", 100)
        ways = [
            {"source": ada, "target": bob, "amount": 10},
            {"source": bob, "target": ada, "amount": 1},
        ]

        async def send():
            calls = [
                app.client.post("/transfers", json=way, headers={"Idempotency-Key": f"key-{way['amount']}"})
                for way in ways
            ]
            return [(one.status_code, one.json()) for one in await asyncio.gather(*calls)]

        answers = await send()
        assert [status for status, _ in answers] == [200, 200]
        assert await send() == answers
        assert sum(meeting.tries.values()) == 3
        balances = [(await app.client.get(f"/accounts/{one}")).json() for one in (ada, bob)]
        assert balances == [91, 109]
