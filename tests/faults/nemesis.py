"""The nemesis: every fault of the rig, what it does to a run, and the lanes in which they come."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.chaos import Latency, Proxy, Slicer, Stream, Timeout
from tests.faults.points import FREEZE, KILL
from tests.faults.rig import Run
from tests.faults.roles import LEASE

PATIENCE = 30.0  # seconds in which a fault must find its moment
FROZEN = {"relay": 2 * LEASE, "consumer": 4.0}  # seconds: longer than its lease, or its session
HALF_OPEN = 5.0  # longer than the time-outs of database and broker
AWAY = 2.0
HOUR = 3_600.0
SOON, LATER = (0.1, 0.5), (1.0, 5.0)  # seconds between two faults of a lane: until each has hit, and then
OFTEN, ONCE = 3, 1  # hits below which a run is void: of points and cuts, and of all else

type Inject = Callable[[Run], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong.

    Args:
        name: as `R4`.
        title: as the table says it.
        lane: what it happens to: of each lane, one fault at a time.
        inject: does it once; false where it found nobody to do it to.
        hits: below which a run is void.
    """

    name: str
    title: str
    lane: str
    inject: Inject
    hits: int = OFTEN


def _at(point: str, action: str = KILL) -> Inject:
    async def inject(run: Run) -> bool:
        return await run.arms.strike(point, action, within=PATIENCE) is not None

    return inject


def _frozen(point: str, role: str) -> Inject:
    async def inject(run: Run) -> bool:
        pid = await run.arms.strike(point, FREEZE, within=PATIENCE)
        if pid is None:
            return False
        await asyncio.sleep(FROZEN[role])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    return inject


def _cut(way: Callable[[Run], Proxy], trigger: Callable[[Run], bytes], *, after: bool = False) -> Inject:
    async def inject(run: Run) -> bool:
        cut = way(run).cut(trigger(run), after=after)
        try:
            await cut.happened(within=PATIENCE)
        except AssertionError:
            cut.left = 0
        return cut.fired > 0

    return inject


def _to_database(role: str) -> Callable[[Run], Proxy]:
    return lambda run: run.site.ways[role]


def _to_broker(role: str) -> Callable[[Run], Proxy]:
    return lambda run: run.site.broker.proxies[role]


def _commit(_run: Run) -> bytes:
    return b"COMMIT"


def _message(run: Run) -> bytes:
    return run.prefix.encode()  # stands in whatever a relay publishes


def _acknowledgement(run: Run) -> bytes:
    return {
        "kafka": b"\x00\x08\x00\x03\x00\x00",  # OffsetCommit, version 3
        "rabbitmq": b"\x00\x3c\x00\x50",  # basic.ack
        "nats": b"+ACK",
        "redis": b"XACK",
    }[run.site.broker.transport]


def _crash(server: Callable[[Run], Backend]) -> Inject:
    async def inject(run: Run) -> bool:
        await asyncio.to_thread(server(run).kill)
        await asyncio.sleep(random.uniform(0, 1))
        await asyncio.to_thread(server(run).start)
        return True

    return inject


def _ways(run: Run) -> list[Proxy]:
    return [*run.site.ways.values(), *run.site.broker.proxies.values()]


async def _reset(run: Run) -> bool:
    broken = sum(way.connections for way in _ways(run))
    for way in _ways(run):
        way.reset()
    return broken > 0


async def _refuse(run: Run) -> bool:
    way = random.choice(_ways(run))
    await way.down()
    await asyncio.sleep(AWAY)
    await way.up()
    return True


def _half_open(ways: Callable[[Run], list[Proxy]]) -> Inject:
    async def inject(run: Run) -> bool:
        stream = random.choice([None, Stream.UPSTREAM, Stream.DOWNSTREAM])
        way = random.choice(ways(run))
        with way.toxic(Timeout(stream=stream)):
            await asyncio.sleep(HALF_OPEN)
        return True

    return inject


async def _slow(run: Run) -> bool:
    ways = _ways(run)
    slow, sliced = Latency(0.05, jitter=0.04), Slicer(40, variation=30, delay=0.0005)
    for way in ways:
        way.add(slow)
        way.add(sliced)
    await asyncio.sleep(AWAY)
    for way in ways:
        way.remove(sliced)
        way.remove(slow)
    return True


def _stopped(role: str) -> Inject:
    async def inject(run: Run) -> bool:
        pids = run.pids(role)
        if pids:
            os.kill(random.choice(pids), signal.SIGTERM)
        return bool(pids)

    return inject


async def _turn_clocks(run: Run) -> bool:
    return await run.turn_clocks(HOUR, within=PATIENCE)


FAULTS = (
    Fault("W1", "writer: kill -9 after the business rows", "writer", _at("W1")),
    Fault("W2", "writer: kill -9 after the outbox rows", "writer", _at("W2")),
    Fault("W3", "writer: COMMIT never arrives", "writer", _cut(_to_database("writer"), _commit)),
    Fault(
        "W4",
        "writer: the answer to COMMIT is lost",
        "writer",
        _cut(_to_database("writer"), _commit, after=True),
    ),
    Fault("W5", "writer: kill -9 after the commit, before the answer", "writer", _at("W5")),
    Fault("R1", "relay: kill -9 after the claim", "relay", _at("R1")),
    Fault("R2", "relay: kill -9 before publishing", "relay", _at("R2")),
    Fault("R3", "relay: confirms are lost", "relay", _cut(_to_broker("relay"), _message, after=True)),
    Fault("R4", "relay: kill -9 between confirm and mark", "relay", _at("R4")),
    Fault(
        "R5",
        "relay: the answer to COMMIT is lost",
        "relay",
        _cut(_to_database("relay"), _commit, after=True),
    ),
    Fault("R6", "relay: kill -9 after the mark", "relay", _at("R6")),
    Fault("R7", "relay: kill -9 in the middle of a batch", "relay", _at("R7")),
    Fault("R8", "relay: frozen beyond its lease, before publishing", "relay", _frozen("R8", "relay"), ONCE),
    Fault(
        "R9",
        "relay: frozen beyond its lease, between confirm and mark",
        "relay",
        _frozen("R4", "relay"),
        ONCE,
    ),
    Fault("R10", "relay: SIGTERM", "relay", _stopped("relay"), ONCE),
    Fault("R11", "relay: the broker refuses what one key has in a batch", "relay", _at("R11", "1")),
    Fault("K1", "consumer: kill -9 at a delivery", "consumer", _at("K1")),
    Fault("K2", "consumer: kill -9 after the inbox row", "consumer", _at("K2")),
    Fault("K3", "consumer: kill -9 between effect and commit", "consumer", _at("K3")),
    Fault(
        "K4",
        "consumer: the answer to COMMIT is lost",
        "consumer",
        _cut(_to_database("consumer"), _commit, after=True),
    ),
    Fault("K5", "consumer: kill -9 between commit and ack", "consumer", _at("K5")),
    Fault("K6", "consumer: acks are lost", "consumer", _cut(_to_broker("consumer"), _acknowledgement)),
    Fault("K7", "consumer: kill -9 after acks", "consumer", _at("K7")),
    Fault(
        "K8",
        "consumer: frozen beyond its session, within a transaction",
        "consumer",
        _frozen("K3", "consumer"),
        ONCE,
    ),
    Fault("K9", "consumer: SIGTERM", "consumer", _stopped("consumer"), ONCE),
    Fault("Q1", "dead letters: kill -9 before it is kept", "dead letters", _at("Q1")),
    Fault("Q2", "dead letters: kill -9 between kept and ack", "dead letters", _at("Q2")),
    Fault("S1", "scheduler: kill -9 after the claim", "scheduler", _at("S1")),
    Fault("S2", "scheduler: kill -9 after the outbox rows", "scheduler", _at("S2")),
    Fault("S3", "scheduler: kill -9 after the commit", "scheduler", _at("S3")),
    Fault("S4", "scheduler: frozen before the commit", "scheduler", _frozen("S2", "relay"), ONCE),
    Fault("F2", "broker: kill -9 and start", "servers", _crash(lambda run: run.site.broker.server), ONCE),
    Fault("F3", "database: kill -9 and start", "servers", _crash(lambda run: run.site.database), ONCE),
    Fault("F4", "network: every connection reset", "servers", _reset, ONCE),
    Fault("F4r", "network: connections refused for 2 s", "servers", _refuse, ONCE),
    Fault(
        "F5b",
        "network: broker half-open for 5 s",
        "servers",
        _half_open(lambda run: list(run.site.broker.proxies.values())),
        ONCE,
    ),
    Fault(
        "F5d",
        "network: database half-open for 5 s",
        "servers",
        _half_open(lambda run: list(run.site.ways.values())),
        ONCE,
    ),
    Fault("F6", "network: latency, jitter, small pieces for 2 s", "servers", _slow, ONCE),
    Fault("F8", "clocks: every process starts anew, an hour ahead or behind", "servers", _turn_clocks, ONCE),
    Fault("F10", "messages sent again three times, shuffled", "relay", _at("F10", "1"), ONCE),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class Storm:
    """The faults of a run.

    Args:
        faults: which.
        seed: of their order and of the pauses between them.
        times: how often each must hit, where its own number is not enough.
        is_endless: whether faults go on until the load is done, also when each has hit often enough.
        limit: seconds after which it ends, void or not.
    """

    faults: tuple[Fault, ...]
    seed: int = 0
    times: int = 0
    is_endless: bool = False
    limit: float = 600.0

    def wanted(self, fault: Fault) -> int:
        """How often a fault must hit."""
        return max(fault.hits, self.times)


async def rage(run: Run, storm: Storm) -> Mapping[str, int]:
    """Has the faults come until each has hit often enough; returns the hits."""
    hits: Counter[str] = Counter({fault.name: 0 for fault in storm.faults})
    lanes = {fault.lane: [one for one in storm.faults if one.lane == fault.lane] for fault in storm.faults}
    deadline = monotonic() + storm.limit
    async with asyncio.TaskGroup() as group:
        for lane in sorted(lanes):
            group.create_task(_lane(run, storm, lanes[lane], hits, deadline))
    return dict(hits)


async def _lane(run: Run, storm: Storm, faults: list[Fault], hits: Counter[str], deadline: float) -> None:
    dice = random.Random(f"{storm.seed} {faults[0].lane}")
    while monotonic() < deadline:
        missing = [fault for fault in faults if hits[fault.name] < storm.wanted(fault)]
        if not missing and not (storm.is_endless and await run.committed() < run.load.events):
            return
        if run.crashes:
            return  # it is no proof any more, whatever comes
        wave = missing or list(faults)
        dice.shuffle(wave)
        for fault in wave:
            if monotonic() < deadline:
                hits[fault.name] += await fault.inject(run)
                await asyncio.sleep(dice.uniform(*(SOON if missing else LATER)))
