"""Q3: an operator dies in the middle of a replay, and another one goes on: each effect once, in order."""

import asyncio
import signal
from collections import defaultdict
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast
from uuid import UUID

import asyncpg
import pytest

from fastapi_chassis.application import Handler, read_handler
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import (
    CloudEventsCodec,
    Consumer,
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetters,
    DeadLetterStore,
    Envelope,
)
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore
from fastapi_chassis.plugins.sqlalchemy.testing import open_store as open_new_store
from tests.faults.model import Effect, Effects, Posted, group_of
from tests.faults.points import KILL, Arms, Points
from tests.faults.ports import Watched
from tests.faults.rig import forks
from tests.faults.roles import die_with_parent, open_store, scopes_of

GROUP = group_of("replay")
ACCOUNTS, EACH, HITS = 4, 10, 3
BEFORE_COMMIT, BEFORE_SETTLED, SETTLED = POINTS = ("Q3a", "Q3b", "Q3c")


def operate(url: str, folder: Path) -> None:
    """Runs the process of an operator who replays all that waits."""
    die_with_parent()
    asyncio.run(_replay_all(url, Points(folder)))


async def _replay_all(url: str, points: Points) -> None:
    async def book(event: Posted, effects: Effects) -> None:
        account_id, number = event.account_id, event.number
        await effects.add(Effect(id=new_id(), event_id=event.event_id, account_id=account_id, number=number))
        await points.pass_by(BEFORE_COMMIT)

    async def note(action: str, record: DeadLetterRecord) -> None: ...

    async with open_store(url) as store:
        handler = cast("Handler", read_handler(book))
        consumer = Consumer(GROUP, [handler], scopes=scopes_of(store))
        settling = {"change": BEFORE_SETTLED}
        kept = Watched(store.dead_letters(), points, before=settling, after={"change": SETTLED})
        desk = DeadLetters([cast("DeadLetterStore", kept)], {GROUP: consumer}, note)
        await desk.replay_all(DeadLetterQuery())


async def give_up_all(store: SqlAlchemyStore) -> list[UUID]:
    """Fills the store with the postings of several accounts, in turn, and returns those."""
    accounts = [new_id() for _ in range(ACCOUNTS)]
    for number in range(1, EACH + 1):
        for account in accounts:
            event = Posted(account_id=account, number=number)
            envelope = Envelope(
                id=event.event_id,
                type=event.message_name,
                source="rig",
                time=event.occurred_at,
                destination="postings",
                key=str(account),
                payload=CloudEventsCodec().write(event).payload,
            )
            record = DeadLetterRecord(
                group=GROUP, envelope=envelope, reason="no", attempts=1, at=datetime.now(UTC)
            )
            assert await store.dead_letters().add(record)
    return accounts


def begin(url: str, folder: Path) -> ForkServerProcess:
    process = forks().Process(target=operate, args=(url, folder), daemon=True)
    process.start()
    return process


async def end(*processes: ForkServerProcess) -> list[int | None]:
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    return [process.exitcode for process in processes]


@pytest.mark.timeout(300)
@pytest.mark.requirement("MSG-7")
async def test_a_replay_that_is_killed_goes_on_with_each_effect_once_and_in_order(
    postgresql_url: str, tmp_path: Path
) -> None:
    arms = Arms(tmp_path)
    config = SqlAlchemyConfig.model_validate({"url": postgresql_url})
    async with open_new_store(config, Effects) as store:
        accounts = await give_up_all(store)
        connection = await asyncpg.connect(postgresql_url)
        await connection.execute("ALTER TABLE effect ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY")
        for point in POINTS * HITS:
            process = begin(postgresql_url, tmp_path)
            await arms.strike(point, KILL, within=60)
            assert await end(process) == [-signal.SIGKILL]
        assert {point: arms.hits(point) for point in POINTS} == dict.fromkeys(POINTS, HITS)
        assert await connection.fetchval("SELECT count(*) FROM effect") >= HITS
        while await store.dead_letters().page(DeadLetterQuery()):
            two_at_once = begin(postgresql_url, tmp_path), begin(postgresql_url, tmp_path)
            assert await end(*two_at_once) == [0, 0]
        effects = defaultdict(list)
        for row in await connection.fetch("SELECT account_id, number FROM effect ORDER BY n"):
            effects[UUID(str(row["account_id"]))].append(row["number"])
        await connection.close()
    assert effects == {account: [*range(1, EACH + 1)] for account in accounts}
