"""The processes of the rig: writers, relays and consumers, each on the library's public names."""

import asyncio
import ctypes
import logging
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

from fastapi_chassis.application import AbstractUnitOfWork, Handler, ScopeFactory, read_handler
from fastapi_chassis.domain import (
    AppException,
    ConflictException,
    SystemClock,
    ValidationException,
    new_id,
)
from fastapi_chassis.messaging import (
    CloudEventsCodec,
    CommandWriter,
    Consumer,
    DeadLetterKeeping,
    DeadLetterStore,
    EnvelopeWriter,
    MessagingConfig,
    OutboxPublisher,
    OutboxStore,
    Relay,
    RelayConfig,
    Routing,
    SchedulerConfig,
    SendingWriter,
    TransactionalSchedule,
    Transport,
)
from fastapi_chassis.plugins.aiopika import AioPikaAwayError
from fastapi_chassis.plugins.kafka import KafkaAwayError
from fastapi_chassis.plugins.nats import NatsAwayError
from fastapi_chassis.plugins.redis import RedisAwayError
from fastapi_chassis.plugins.sqlalchemy import (
    Database,
    DatabaseAwayError,
    SqlAlchemyConfig,
    SqlAlchemyStore,
    open_sqlalchemy,
)
from tests.faults import mutants
from tests.faults.brokers import open_transport
from tests.faults.clocks import skew
from tests.faults.model import (
    Account,
    Accounts,
    Effect,
    Effects,
    Posted,
    Postings,
    Reminded,
    Reminder,
    Reminders,
    group_of,
    is_poison,
)
from tests.faults.points import Points
from tests.faults.ports import (
    ConsumingTransport,
    PublishingTransport,
    WatchedSink,
    watched_dead_letters,
    watched_outbox,
    watched_unit,
)
from tests.faults.settings import Settings

CONCURRENT = 8  # commands of one writer at once: open loop, so one that is due beyond that is dropped
REMINDING = 0.2  # of the commands, this share schedules a message
SOONEST, LATEST = 0.5, 3.0  # seconds until it is due
LEASE = 1.0  # seconds
WAITS = {"base": 0.05, "cap": 0.5}
RELAY = {"batch": 50, "lease": LEASE, "poll_busy": 0.02, "poll_idle": 0.1, "retry": WAITS}
SCHEDULER = {"poll": 0.2, "timeout": 5, "retry": WAITS}
DATABASE = {
    "pool_size": 5,
    "max_overflow": 5,
    "pool_timeout": 2,
    "connect_timeout": 2,
    "lock_timeout": 1,
    "statement_timeout": 2,
    "command_timeout": 3,
    "idle_in_transaction_timeout": 5,
}
AWAY = (
    AioPikaAwayError,
    DatabaseAwayError,
    KafkaAwayError,
    NatsAwayError,
    RedisAwayError,
)  # while a process starts
NOT_STARTED = 3
log = logging.getLogger("rig")
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def run(settings: Settings) -> None:
    """Runs one process to its end: SIGTERM stops it in order."""
    die_with_parent()
    output = os.open(settings.folder / f"{settings.name}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if settings.skew:
        skew(settings.skew)
    logging.basicConfig(
        level=logging.WARNING,
        format=f"%(asctime)s {os.getpid()} %(name)s %(levelname)s %(message)s",
        stream=sys.stderr,
        force=True,
    )
    asyncio.run(_run(settings))


def die_with_parent() -> None:
    """Has the kernel end this process with the one that started it."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    role = {"writer": _write, "relay": _relay, "consumer": _consume}[settings.role]
    try:
        async with open_store(settings.database_url) as store:
            await role(settings, store, Points(settings.folder), stopping)
    except (AppException, *AWAY) as fault:
        log.warning("%s could not start: %s", settings.name, fault)
        sys.exit(NOT_STARTED)


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlAlchemyStore]:
    """Opens the database; whoever began the run has migrated it."""
    store = SqlAlchemyStore(Database(SqlAlchemyConfig.model_validate({"url": url, **DATABASE})))
    async with open_sqlalchemy(store.database):
        yield store


class Ledger:
    """What a process has seen, 16 bytes a message: a file outlives a process that is killed."""

    def __init__(self, settings: Settings, what: str) -> None:
        path = settings.folder / f"{settings.name}.{what}"
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, message: bytes) -> None:
        os.write(self._file, message)


async def _write(settings: Settings, store: SqlAlchemyStore, points: Points, stopping: asyncio.Event) -> None:
    """Gives commands at a fixed rate, whatever becomes of them."""
    codec = EnvelopeWriter(CloudEventsCodec(), source="rig", routing=Routing(settings.prefix))
    sink = WatchedSink(OutboxPublisher(codec), points)
    events = SendingWriter(codec, CommandWriter("rig", {}))
    accounts, postings, reminders = map(store.repository, (Accounts, Postings, Reminders))
    acknowledged = Ledger(settings, "acknowledged")

    async def command(account_id: UUID) -> None:
        async with store.unit_of_work(sink=sink) as work:
            account = cast("Account", await accounts(work).get(account_id))
            posted = account.post(settings.per_command)
            await accounts(work).update(account)
            await postings(work).add_many(posted, is_return_require=False)
            made = [one.id for one in posted]
            if random.random() < REMINDING:
                made.append(await remind(account_id, work))
            await points.pass_by("W1")
            await work.commit()
        points.reach("W5")
        acknowledged.note(b"".join(one.bytes for one in made))

    async def remind(account_id: UUID, work: AbstractUnitOfWork) -> UUID:
        wait = timedelta(seconds=random.uniform(SOONEST, LATEST))
        reminder = Reminder(id=new_id(), account_id=account_id, wait=wait)
        await reminders(work).add(reminder)
        schedule = TransactionalSchedule(
            [work], events, sink=sink, clock=SystemClock(), wake=lambda: None
        )  # the schedulers are other processes, and have to look
        reminded = Reminded(account_id=account_id, reminder_id=reminder.id)
        await schedule.send(reminded, in_=wait, order=str(account_id))
        return reminder.id

    async def attempt(account_id: UUID) -> None:
        try:
            await command(account_id)
        except ConflictException:
            pass  # another writer was quicker
        except AppException as fault:
            log.warning("a command failed, or nobody knows: %s", fault)

    async with store.unit_of_work() as work:
        known = [cast("Account", one).id for one in await accounts(work).find()]
    await _at_a_rate(settings.rate, lambda: attempt(random.choice(known)), stopping)


async def _at_a_rate(rate: float, begin: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()
    due = loop.time()
    while not stopping.is_set():
        due = max(due + 1 / rate, loop.time() - 1)
        try:
            async with asyncio.timeout_at(due):
                await stopping.wait()
        except TimeoutError:
            if len(running) < CONCURRENT:
                task = asyncio.ensure_future(begin())
                running.add(task)
                task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)


async def _relay(settings: Settings, store: SqlAlchemyStore, points: Points, stopping: asyncio.Event) -> None:
    """Runs a relay and a scheduler beside each other, as a service does."""

    def open_unit() -> AbstractUnitOfWork:
        return watched_unit(store.database, points)

    config = SchedulerConfig.model_validate(SCHEDULER)
    scheduler = mutants.scheduler(settings.mutant, open_unit, config)
    async with open_transport(settings) as bare, scheduler.running():
        transport = cast("Transport", PublishingTransport(bare, points))
        if settings.mutant in mutants.RELAYS:
            await mutants.RELAYS[settings.mutant](store.database.engine, transport, points).run(stopping)
            return
        outbox = cast("OutboxStore", watched_outbox(store.outbox(), points))
        async with Relay(outbox, transport, RelayConfig.model_validate(RELAY)).running():
            await stopping.wait()


def scopes_of(store: SqlAlchemyStore) -> ScopeFactory:
    """Opens the scope of a message: its transaction, and the effects within that."""
    bind = store.repository(Effects)

    class Scope:
        def __init__(self, work: AbstractUnitOfWork) -> None:
            self._work = work

        async def get[T](self, wanted: type[T]) -> T:
            return cast("T", self._work if wanted is AbstractUnitOfWork else bind(self._work))

    @asynccontextmanager
    async def scopes() -> AsyncIterator[Scope]:
        yield Scope(store.unit_of_work())

    return scopes


async def _consume(
    settings: Settings, store: SqlAlchemyStore, points: Points, stopping: asyncio.Event
) -> None:
    async def book(event: Posted, effects: Effects) -> None:
        await points.pass_by("K2")
        account_id, number = event.account_id, event.number
        await effects.add(Effect(id=new_id(), event_id=event.event_id, account_id=account_id, number=number))
        if is_poison(number):
            raise ValidationException("nobody will ever book this")
        await points.pass_by("K3")

    async def recall(event: Reminded, effects: Effects) -> None:
        await effects.add(
            Effect(id=new_id(), event_id=event.reminder_id, account_id=event.account_id, number=0)
        )

    config = MessagingConfig.model_validate(
        {
            "destination_prefix": settings.prefix,
            "enable_inbox": settings.mutant != mutants.NO_INBOX,
            "max_attempts": 1_000,
            "handler_timeout": 10,
            "retry": WAITS,
        }
    )
    handlers = [cast("Handler", read_handler(function)) for function in (book, recall)]
    consumer = Consumer(group_of(settings.prefix), handlers, scopes=scopes_of(store), config=config)
    dead_letters = cast("DeadLetterStore", watched_dead_letters(store.dead_letters(), points))
    if settings.mutant == mutants.KEPT_AFTER_ACK:
        dead_letters = cast("DeadLetterStore", mutants.HastyDeadLetters(dead_letters))
    keeping = DeadLetterKeeping(consumer, dead_letters, SystemClock(), config.retry)
    async with AsyncExitStack() as stack:
        bare = await stack.enter_async_context(open_transport(settings))
        if settings.mutant == mutants.ACK_BEFORE_COMMIT:
            bare = cast("Transport", mutants.HastyTransport(bare))
        watched = ConsumingTransport(bare, points, Ledger(settings, "deliveries").note)
        subscribed = await keeping.subscribe(cast("Transport", watched))
        stack.push_async_callback(subscribed.stop)
        (settings.folder / f"{settings.name}.joined").touch()
        await stopping.wait()
