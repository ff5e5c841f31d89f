"""Which server a read goes to, on a clock of the test's own."""

import asyncio
from types import SimpleNamespace

import pytest
from asyncpg.exceptions import (
    CannotConnectNowError,
    QueryCanceledError,
    SerializationError,
    UndefinedTableError,
)
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from fastapi_chassis.plugins.sqlalchemy.compiled import Statement
from fastapi_chassis.plugins.sqlalchemy.executor import Reader
from fastapi_chassis.plugins.sqlalchemy.replicas import LATER, SOON, Replica, ReplicaReader, Tolerance

pytestmark = pytest.mark.requirement("REP-5")
QUESTION = Statement(text("SELECT 1"))


class Server(Reader):
    """Stands for a server: it has a name, a position, and perhaps something wrong with it."""

    def __init__(self, name: str) -> None:
        self.name, self.position, self.looks = name, 0, 0
        self.fault: BaseException | None = None

    async def fetch(self, statement, parameters):
        if self.fault is not None:
            raise self.fault
        return [self.name]

    async def run(self, work):
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        return work(SimpleNamespace(execute=lambda _: SimpleNamespace(scalar=lambda: self.position)))


class Cluster:
    """A primary with replicas, and the time."""

    def __init__(self, replicas: int = 1, **tolerance) -> None:
        self.now = 100.0
        self.primary = Server("primary")
        self.servers = [Server(f"replica {number}") for number in range(replicas)]
        engine = create_async_engine("sqlite+aiosqlite://")
        followers = [Replica(server.name, server, engine) for server in self.servers]
        allowed = Tolerance(**{"lag": 10, **tolerance})
        self.reader = ReplicaReader(self.primary, followers, allowed, clock=lambda: self.now)

    def write(self) -> None:
        self.primary.position += 1
        self.reader.wrote()

    def replay(self) -> None:
        for server in self.servers:
            server.position = self.primary.position

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        await self.reader.look()

    async def asked(self) -> str:
        (name,) = await self.reader.fetch(QUESTION, {})
        return name


async def test_the_first_read_goes_to_the_primary_and_finds_out_about_the_replica():
    cluster = Cluster()
    assert await cluster.asked() == "primary"
    await asyncio.sleep(0)
    await cluster.reader.look()
    assert await cluster.asked() == "replica 0"


async def test_after_a_write_the_primary_is_read_until_the_replica_has_it():
    cluster = Cluster()
    await cluster.pass_time(1)
    cluster.write()
    assert await cluster.asked() == "primary"
    await cluster.pass_time(SOON)
    assert await cluster.asked() == "primary"
    cluster.replay()
    assert await cluster.asked() == "primary"  # nobody has asked it yet
    await cluster.pass_time(SOON)
    assert await cluster.asked() == "replica 0"


async def test_a_write_within_a_look_is_not_taken_for_replayed():
    cluster = Cluster()
    await cluster.pass_time(1)
    looking = asyncio.create_task(cluster.reader.look())
    cluster.now += SOON
    cluster.write()
    await looking
    assert await cluster.asked() == "primary"


async def test_writing_asks_nobody():
    cluster = Cluster()
    for _ in range(100):
        cluster.write()
    await asyncio.sleep(0)
    assert cluster.primary.looks == cluster.servers[0].looks == 0


async def test_reads_look_no_more_often_than_they_must():
    cluster = Cluster()
    await cluster.pass_time(1)
    looks = cluster.servers[0].looks
    for _ in range(100):
        cluster.now += LATER / 200
        await cluster.asked()
        await asyncio.sleep(0)
    assert cluster.servers[0].looks - looks <= 1


async def test_a_replica_that_follows_late_but_steadily_serves():
    cluster = Cluster(lag=3)
    for _ in range(10):
        before = cluster.primary.position
        cluster.primary.position += 5  # others write, without a pause
        cluster.servers[0].position = before + 1
        await cluster.pass_time(LATER)
    assert await cluster.asked() == "replica 0"


async def test_a_replica_that_stands_still_is_left_out_when_it_is_too_old():
    cluster = Cluster(lag=3, own_writes=False)
    await cluster.pass_time(1)
    cluster.write()
    assert await cluster.asked() == "replica 0"
    for _ in range(4):
        await cluster.pass_time(1)
    assert await cluster.asked() == "primary"


async def test_replicas_take_turns():
    cluster = Cluster(3)
    await cluster.pass_time(1)
    assert {await cluster.asked() for _ in range(3)} == {"replica 0", "replica 1", "replica 2"}


@pytest.mark.parametrize(
    "fault", [CannotConnectNowError("starting"), ConnectionResetError(), OSError("gone")]
)
async def test_a_read_that_a_replica_loses_is_asked_of_the_primary(fault):
    cluster = Cluster()
    await cluster.pass_time(1)
    cluster.servers[0].fault = fault
    assert await cluster.asked() == "primary"
    cluster.servers[0].fault = None
    assert await cluster.asked() == "primary"  # it is left out until it has answered
    await cluster.pass_time(LATER)
    assert await cluster.asked() == "replica 0"


async def test_a_conflict_with_what_is_replayed_is_asked_of_the_primary_and_is_no_fault_of_the_replica():
    cluster = Cluster()
    await cluster.pass_time(1)
    cluster.servers[0].fault = SerializationError("conflict with recovery")
    assert await cluster.asked() == "primary"
    cluster.servers[0].fault = None
    assert await cluster.asked() == "replica 0"


@pytest.mark.parametrize(
    "fault", [UndefinedTableError("no table"), QueryCanceledError("too slow"), PoolTimeoutError("busy")]
)
async def test_what_the_primary_would_not_do_better_is_not_asked_again(fault):
    cluster = Cluster()
    await cluster.pass_time(1)
    cluster.servers[0].fault = fault
    with pytest.raises(type(fault)):
        await cluster.asked()
    cluster.servers[0].fault = None
    assert await cluster.asked() == "replica 0"


async def test_whoever_waited_for_a_silent_replica_is_told_and_the_next_is_not_held_up():
    cluster = Cluster()
    await cluster.pass_time(1)
    cluster.servers[0].fault = TimeoutError()
    with pytest.raises(TimeoutError):
        await cluster.asked()
    assert await cluster.asked() == "primary"


async def test_a_server_that_follows_nobody_is_left_out():
    cluster = Cluster()
    cluster.servers[0].position = None
    assert await cluster.reader.look() == ["replica 0"]
    assert await cluster.asked() == "primary"


async def test_a_replica_that_is_away_is_not_asked_all_the_time():
    cluster = Cluster(2)
    cluster.servers[0].fault = ConnectionRefusedError()
    for _ in range(20):
        await cluster.pass_time(SOON)
    assert cluster.servers[0].looks <= 2
    assert cluster.servers[1].looks == 20


async def test_without_the_primary_replicas_serve_while_they_are_young_enough():
    cluster = Cluster(lag=3)
    await cluster.pass_time(1)
    cluster.primary.fault = ConnectionRefusedError()
    await cluster.pass_time(1)
    assert await cluster.asked() == "replica 0"
    await cluster.pass_time(4)
    with pytest.raises(ConnectionRefusedError):
        await cluster.asked()


async def test_closing_ends_the_look():
    cluster = Cluster()
    await cluster.asked()
    await cluster.reader.close()
    await cluster.reader.close()
    assert len(asyncio.all_tasks()) == 1
