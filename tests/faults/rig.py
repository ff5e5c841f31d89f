"""The rig: servers, proxies and processes of one run, their end and what is counted then."""

import asyncio
import multiprocessing
import os
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from time import monotonic
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg

from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from fastapi_chassis.testing.backends import Backend, fresh_database, open_backend
from fastapi_chassis.testing.chaos import Proxy, open_proxy
from tests.faults.brokers import Broker, open_broker
from tests.faults.checker import Counts, Found, count
from tests.faults.model import Account, Accounts, Effects, Postings, Reminders, group_of
from tests.faults.points import Arms
from tests.faults.roles import NOT_STARTED
from tests.faults.roles import run as run_role
from tests.faults.settings import Settings

ROLES = ("writer", "relay", "consumer")
EACH = 2  # processes of each role
STORED = (Accounts, Postings, Reminders, Effects)
OF_THE_DATABASE = (  # what only its own clock and its own order can tell
    "effect ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY",
    "effect ADD COLUMN at timestamptz NOT NULL DEFAULT clock_timestamp()",
    "reminder ADD COLUMN made timestamptz NOT NULL DEFAULT now()",
)
HORIZON = 45.0  # seconds: more than every lease, session, time-out and back-off together


PROGRESS = """
    SELECT (SELECT count(*) FROM posting) + (SELECT count(*) FROM reminder) AS committed,
        (SELECT count(DISTINCT event_id) FROM effect)
            + (SELECT count(DISTINCT message_id) FROM chassis_dead_letters) AS settled,
        (SELECT count(*) FROM chassis_outbox) + (SELECT count(*) FROM chassis_schedules) AS waiting
"""


def forks() -> ForkServerContext:
    """Gives processes that start within milliseconds: one that has imported everything forks them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.roles"])
    return context


@dataclass(frozen=True, slots=True)
class Load:
    """What the writers do.

    Args:
        events: how many are committed at least.
        rate: events per second of all writers.
        per_command: events of one command.
        accounts: the aggregates.
        mutant: the wrong implementation that is at work.
    """

    events: int = 1_000
    rate: float = 200.0
    per_command: int = 5
    accounts: int = 20
    mutant: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """The servers and the ways to them; several runs, one after the other, can use it."""

    database: Backend
    broker: Broker
    ways: dict[str, Proxy]  # to the database, by role


@asynccontextmanager
async def open_site(transport: str) -> AsyncIterator[Site]:
    """Starts PostgreSQL, the broker, and a proxy for each role and server."""
    async with open_backend("postgresql", private=True) as database, open_broker(transport) as broker:
        address = urlsplit(database.url)
        host, port = address.hostname or "", address.port or 0
        async with (
            open_proxy(host, port) as writer,
            open_proxy(host, port) as relay,
            open_proxy(host, port) as consumer,
        ):
            yield Site(database, broker, {"writer": writer, "relay": relay, "consumer": consumer})


@dataclass
class Slot:
    """A place for one process: whoever dies there is replaced."""

    settings: Settings
    process: ForkServerProcess | None = None
    keeper: asyncio.Task[None] | None = None
    exits: list[int] = field(default_factory=list)


class Run:
    """One load under faults, on a database and topics of its own.

    Args:
        site: where it takes place.
        load: what the writers do.
        url: of its database, past the proxies.
        folder: for points, ledgers and logs.
    """

    def __init__(self, site: Site, load: Load, url: str, folder: Path) -> None:
        self.site, self.load, self.folder = site, load, folder
        self.arms = Arms(folder)
        self.prefix = f"rig-{uuid4().hex[:8]}"
        self._url = url
        self._context = forks()
        self._slots = [Slot(self._settings(role, number)) for role in ROLES for number in range(EACH)]
        self._is_ending = False
        self._skew = 0.0

    def _settings(self, role: str, number: int) -> Settings:
        broker_url = self.site.broker.urls.get(role, "")
        database_url = self.site.ways[role].url_for(self._url)
        load = self.load
        return Settings(
            role=role,
            name=f"{role}-{number}",
            folder=self.folder,
            mutant=load.mutant,
            transport=self.site.broker.transport,
            prefix=self.prefix,
            database_url=database_url,
            broker_url=broker_url,
            rate=load.rate / load.per_command / EACH,
            per_command=load.per_command,
        )

    async def start(self) -> None:
        """Makes the tables and accounts, and starts every process, those that listen first."""
        config = SqlAlchemyConfig.model_validate({"url": self._url})
        async with open_store(config, *STORED) as store, store.unit_of_work() as work:
            accounts = cast("Accounts", store.repository(Accounts)(work))
            await accounts.add_many([Account() for _ in range(self.load.accounts)], is_return_require=False)
            await work.commit()
        for column in OF_THE_DATABASE:
            await self._execute(f"ALTER TABLE {column}")
        for role in reversed(ROLES):
            for slot in self._of(role):
                slot.keeper = asyncio.create_task(self._keep(slot), name=slot.settings.name)
            if role == "consumer":
                await self._joined()

    async def _joined(self) -> None:
        async with asyncio.timeout(60):
            while not all(
                (self.folder / f"{slot.settings.name}.joined").exists() for slot in self._of("consumer")
            ):
                await asyncio.sleep(0.05)

    async def _keep(self, slot: Slot) -> None:
        while not self._is_ending:
            # of the two of a role, one is ahead and one behind, and whoever takes its place is the other
            skew = self._skew * (-1) ** (len(slot.exits) + self._slots.index(slot))
            settings = replace(slot.settings, skew=skew)
            process = self._context.Process(target=run_role, args=(settings,), daemon=True)
            process.start()
            slot.process = process
            await _ended(process)
            slot.exits.append(process.exitcode or 0)
            if process.exitcode != -signal.SIGKILL:
                await asyncio.sleep(0.3)

    def _of(self, role: str) -> Iterable[Slot]:
        return [slot for slot in self._slots if slot.settings.role == role]

    def pids(self, role: str) -> list[int]:
        """The processes of a role that live just now."""
        return [pid for slot in self._of(role) if (pid := _living(slot)) is not None]

    async def turn_clocks(self, seconds: float, *, within: float) -> bool:
        """Has every process stop and another one start whose time of day is off; false where one did not.

        Args:
            seconds: that it is ahead or behind, also of all that start later.
            within: seconds that they get to stop.
        """
        self._skew = seconds
        living = {pid: slot for slot in self._slots if (pid := _living(slot)) is not None}
        before = {pid: len(slot.exits) for pid, slot in living.items()}
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = monotonic() + within
        while any(len(slot.exits) == before[pid] for pid, slot in living.items()):
            if monotonic() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    async def committed(self) -> int:
        """Counts the postings."""
        return cast("int", (await self._fetch("SELECT count(*) FROM posting"))[0][0])

    async def finish(self, *, horizon: float = HORIZON) -> Counts:
        """Ends the load, waits until everything has arrived or nothing moves, and counts.

        Args:
            horizon: seconds without any progress after which what is missing counts as lost.
        """
        self.arms.disarm()
        await self._end("writer")
        await self._drained(horizon)
        for role in ("relay", "consumer"):
            await self._end(role)
        return count(await self._found())

    async def abandon(self) -> None:
        """Ends every process at once."""
        self._is_ending = True
        for slot in self._slots:
            if slot.keeper is not None:
                slot.keeper.cancel()
            if slot.process is not None and slot.process.is_alive():
                slot.process.kill()
        await asyncio.gather(*(slot.keeper for slot in self._slots if slot.keeper), return_exceptions=True)

    async def _end(self, role: str) -> None:
        self._is_ending = role == "consumer"
        for slot in self._of(role):
            assert slot.keeper is not None
            slot.keeper.cancel()
            await asyncio.gather(slot.keeper, return_exceptions=True)
            if slot.process is not None and slot.process.is_alive():
                slot.process.terminate()
        for slot in self._of(role):
            process = slot.process
            assert process is not None
            try:
                async with asyncio.timeout(20):
                    await _ended(process)
            except TimeoutError:
                process.kill()
                raise AssertionError(f"{slot.settings.name} did not stop within 20 s") from None

    async def _drained(self, horizon: float) -> None:
        last, since = (-1, -1, -1), monotonic()
        while monotonic() - since < horizon:
            (row,) = await self._fetch(PROGRESS)
            state = cast("tuple[int, int, int]", tuple(row))
            committed, settled, waiting = state
            if settled == committed and not waiting:
                await asyncio.sleep(1.0)  # what came twice may still be on its way
                return
            if state != last:
                last, since = state, monotonic()
            await asyncio.sleep(0.1)

    async def _found(self) -> Found:
        postings = await self._fetch("SELECT id, account_id, number FROM posting")
        reminders = await self._fetch("SELECT id, account_id, 0 AS number, made + wait AS due FROM reminder")
        effects = await self._fetch("SELECT event_id, account_id, number, at FROM effect ORDER BY n")
        dead = await self._fetch("SELECT message_id, consumer_group FROM chassis_dead_letters ORDER BY id")
        ((_, _, waiting),) = await self._fetch(PROGRESS)
        assert {one[1] for one in dead} <= {group_of(self.prefix)}
        due = {_uuid(one[0]): cast("datetime", one[3]) for one in reminders}
        return Found(
            committed={
                _uuid(one[0]): (_uuid(one[1]), cast("int", one[2])) for one in (*postings, *reminders)
            },
            effects=[(_uuid(one[0]), _uuid(one[1]), cast("int", one[2])) for one in effects],
            dead=[_uuid(one[0]) for one in dead],
            due=due,
            times={
                event: cast("datetime", one[3])
                for one in reversed(effects)
                if (event := _uuid(one[0])) in due
            },
            acknowledged=self._ledger("acknowledged"),
            deliveries=len(self._ledger("deliveries")),
            waiting=cast("int", waiting),
            unsettled=await self.site.broker.unsettled(self.prefix),
        )

    def _ledger(self, what: str) -> list[UUID]:
        found = b"".join(file.read_bytes() for file in self.folder.glob(f"*.{what}"))
        return [UUID(bytes=found[start : start + 16]) for start in range(0, len(found) - 15, 16)]

    async def _fetch(self, statement: str) -> list[asyncpg.Record]:
        """Asks past the proxies, and again where the database is being killed just now."""
        deadline = monotonic() + 60
        while True:
            try:
                connection = await asyncpg.connect(self._url, timeout=10, command_timeout=60)
                try:
                    return cast("list[asyncpg.Record]", await connection.fetch(statement))
                finally:
                    await connection.close(timeout=5)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def _execute(self, statement: str) -> None:
        await self._fetch(statement)

    @property
    def crashes(self) -> list[str]:
        """Processes that ended in a way that nobody asked for, and how often."""
        fine = {0, NOT_STARTED, -signal.SIGKILL, -signal.SIGTERM}
        bad = Counter(
            f"{slot.settings.name} {code}" for slot in self._slots for code in slot.exits if code not in fine
        )
        return [f"{who} x{times}" for who, times in bad.items()]


def _uuid(value: object) -> UUID:
    return UUID(str(value))


def _living(slot: Slot) -> int | None:
    return slot.process.pid if slot.process is not None and slot.process.is_alive() else None


async def _ended(process: ForkServerProcess) -> None:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()


@asynccontextmanager
async def open_run(site: Site, load: Load) -> AsyncIterator[Run]:
    """Begins a run on a fresh database; whatever happens, none of its processes outlives the block."""
    with tempfile.TemporaryDirectory(prefix="rig-", dir=os.environ.get("RIG_FOLDER")) as folder:
        async with fresh_database(site.database.url) as url:
            run = Run(site, load, url, Path(folder))
            try:
                await run.start()
                yield run
            finally:
                await run.abandon()
