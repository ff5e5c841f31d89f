"""A writer killed between any two of its commands: what it did is whole or not there, and nothing is lost."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.outbox import claimed
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository
from tests.integration.plugins.odm.dying_writer import ANSWER, KEY, TITLE, work_once

WRITER = Path(__file__).with_name("dying_writer.py")
LEASE = timedelta(seconds=30)
MOST = 30  # commands that no scenario needs


@pytest.fixture
def database(ferretdb_url: str) -> tuple[str, str]:
    return ferretdb_url, f"crash_{uuid4().hex[:12]}"


@pytest.fixture
async def store(database: tuple[str, str]) -> AsyncIterator[ODMStore]:
    url, name = database
    async with open_store(
        ODMConfig.model_validate({"url": url, "database": name}), SampleRepository
    ) as store:
        yield store
        await store.documents.client.drop_database(name)


async def prepare(store: ODMStore, scenario: str) -> None:
    mongo = store.documents.mongo
    for name in store.documents.layout.carrying:
        await mongo[name].delete_many({})
    if scenario in {"update", "consume", "remove"}:
        async with store.unit_of_work() as work:
            await store.repository(SampleRepository)(work).add(Sample(id=KEY, code="a"))
            await work.commit()


async def relayed(store: ODMStore) -> list[Envelope]:
    """Publishes what waits into a ledger, until nothing waits."""
    ledger: list[Envelope] = []
    while (await store.outbox().backlog()).count:
        claim = await claimed(store.outbox(), "test", limit=10, lease=LEASE)
        assert claim.entries, "something waits and is never due"
        ledger += [entry.envelope for entry in claim.entries]
        published = [entry.sequence for entry in claim.entries]
        assert not await store.outbox().settle(claim, published=published, failed={})
    return ledger


async def effects(store: ODMStore, scenario: str) -> int:
    """Counts how often the work of a scenario had its effect."""
    samples = store.repository(SampleRepository)(store.unit_of_work())
    found = await samples.find()
    match scenario:
        case "remove":
            return 1 - len(found)
        case "update" | "consume":
            return found[0].amount
        case _:
            return len(found)


async def killed_before(database: tuple[str, str], scenario: str, command: int) -> bool:
    """Runs a writer that dies before its n-th command; False if it sent fewer, and ended well."""
    url, name = database
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WRITER), url, name, scenario, str(command)), stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode in {0, -signal.SIGKILL}, told.decode()
    return process.returncode != 0


@pytest.mark.requirement("REP-7", "MSG-2", "MSG-5")
@pytest.mark.parametrize("scenario", ["create", "update", "remove", "consume", "answer"])
async def test_killed_between_any_two_commands_the_work_is_done_once_and_told(
    store: ODMStore, database: tuple[str, str], scenario: str
) -> None:
    points: Counter[bool] = Counter()
    for command in range(1, MOST):
        await prepare(store, scenario)
        was_killed = await killed_before(database, scenario, command)
        points[was_killed] += 1
        before = await effects(store, scenario)
        told_before = [one.type for one in await relayed(store)]
        assert len(told_before) == before, f"killed before command {command}: an event without its effect"
        await work_once(store, scenario)
        told = told_before + [one.type for one in await relayed(store)]
        assert await effects(store, scenario) == 1, f"killed before command {command}"
        assert told == ["sample_renamed"], f"killed before command {command}"
        if not was_killed:
            break
    assert points[False] == 1
    assert points[True] >= 2, "the fuse never burnt: there was nothing to be killed between"


@pytest.mark.requirement("REP-7")
async def test_nothing_is_left_of_what_was_removed_once_its_event_has_gone(store: ODMStore) -> None:
    await prepare(store, "remove")
    await work_once(store, "remove")
    mongo = store.documents.mongo
    assert await mongo["sample"].count_documents({}) == 1, "its event waits in what is left of it"
    assert len(await relayed(store)) == 1
    assert await mongo["sample"].count_documents({}) == 0


@pytest.mark.requirement("DOM-7", "REP-7")
async def test_the_answer_is_kept_in_the_document_of_the_work(store: ODMStore) -> None:
    await prepare(store, "answer")
    for _ in range(2):
        await work_once(store, "answer")
    document = await store.documents.mongo["sample"].find_one({})
    assert document is not None
    assert bytes(document["_notes"][0]["answer"]) == ANSWER.answer
    assert document["_outbox"][0]["aggregate_type"] == "sample"
    assert UUID(document["_outbox"][0]["key"])
    assert TITLE.encode() in document["_outbox"][0]["payload"]
