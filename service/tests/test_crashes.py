"""Crashes: a process that is killed loses no notification and makes none twice."""

import signal
from pathlib import Path

import httpx2
import pytest

from fastapi_chassis.testing import open_application

from .conftest import built
from .processes import running
from .shop import PASSWORD, Shop

POINTS = {
    "before the commit": 0,
    "after the commit": 1,
    "before the effect": 1,
    "before the commit of the effect": 1,
    "before the acknowledgement": 1,
}
QUICK = "messaging.relay.lease=1"  # seconds until another relay takes over from the dead one


@pytest.mark.requirement("MSG-2", "MSG-5", "REF-7")
@pytest.mark.parametrize(("point", "notifications"), POINTS.items(), ids=list(POINTS))
async def test_what_was_committed_is_announced_once(tmp_path: Path, point: str, notifications: int) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path / 'bookshop.db'}"
    tests = str(Path(__file__).parent)
    with running("dying:Dying", "--set", QUICK, DATABASE_URL=database, DIE=point, PYTHONPATH=tests) as (
        process,
        url,
    ):
        await offer(url)
        assert process.wait(30) == -signal.SIGKILL

    async with open_application(built(database, settings={"messaging.relay.lease": 1})) as app:
        ada = await Shop(app).entered()
        items = (await ada.get("/api/items/")).json()["items"]
        assert len(items) == notifications
        await app.settled(within=30)
        told = (await ada.get("/api/notifications/")).json()["items"]
        assert [one["text"] for one in told] == ["Your item “Dune” is on offer."] * notifications


async def offer(url: str) -> None:
    """Signs up, logs in and offers an item; the answer may never come."""
    async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
        body = {"email": "ada@example.com", "password": PASSWORD}
        assert (await client.post("/api/v1/auth/sign-up/", json=body)).status_code == 201
        access = (await client.post("/api/v1/auth/tokens/", json=body)).json()["access"]
        headers = {"Authorization": f"Bearer {access}"}
        try:
            await client.post("/api/items/", json={"title": "Dune"}, headers=headers)
        except httpx2.TransportError:
            return
