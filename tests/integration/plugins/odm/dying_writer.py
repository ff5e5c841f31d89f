"""A writer that kills itself, as by kill -9, just before the n-th command that its unit of work sends."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from uuid import UUID

from pymongo import monitoring

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import AlreadyExistsException, FrozenClock
from fastapi_chassis.messaging import (
    EnvelopeWriter,
    MessagingConfig,
    OutboxPublisher,
    Scheduler,
    codec_for,
    inbox_for,
    schedule_for,
)
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore, waiting
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.envelopes import envelope
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

KEY, MESSAGE = UUID(int=7), UUID(int=8)
TITLE = "renamed"
ANSWER = StoredAnswer("print", b"made once")
READING = {"find", "aggregate", "getMore", "killCursors", "listIndexes", "ping", "endSessions"}
REMINDER, WHILE = "reminder", timedelta(hours=1)
LEASE = timedelta(seconds=1)  # of what a killed process had borrowed


class Fuse(monitoring.CommandListener):
    """Counts the commands of a unit of work, and kills the process before one of them."""

    def __init__(self) -> None:
        self.left = 0
        self.harmless: set[str] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "hello" or event.command_name in self.harmless:
            return
        if self.left == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= self.left > 0

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


async def work_once(store: ODMStore, scenario: str) -> None:
    """Does the work of a scenario, unless it was done."""
    sink = OutboxPublisher(EnvelopeWriter(codec_for(MessagingConfig()), source="test"))
    async with store.unit_of_work(sink=sink) as work:
        samples = store.repository(SampleRepository)(work)
        match scenario:
            case "create":
                sample = Sample(id=KEY, code="a")
                sample.rename(TITLE)
                try:
                    await samples.add(sample)
                except AlreadyExistsException:
                    return
            case "update" | "consume":
                if scenario == "consume" and not await inbox_for(work.session).accept("test.rename", MESSAGE):
                    return
                sample = await samples.get(KEY)
                if scenario == "update" and sample.title == TITLE:
                    return
                sample.amount += 1
                sample.rename(TITLE)
                await samples.update(sample)
            case "remove":
                found = await samples.get_or_none(KEY)
                if found is None:
                    return
                found.rename(TITLE)
                await samples.remove(found)
            case "answer":
                answers = idempotency_for(work.session)
                if await answers.reserve("key", ANSWER.fingerprint) is not None:
                    return
                sample = Sample(code=f"{await samples.count()}")
                sample.rename(TITLE)
                await samples.add(sample)
                await answers.keep("key", ANSWER)
        await work.commit()


async def begin(store: ODMStore) -> None:
    """Stores an aggregate, and schedules message 1 with it."""
    async with store.unit_of_work() as work:
        await store.repository(SampleRepository)(work).add(Sample(id=KEY, code="a"))
        await schedule_for(work.session).put(REMINDER, envelope(1), WHILE)
        await work.commit()


async def move(store: ODMStore) -> None:
    """Moves what is due an hour and a minute from now."""
    clock = FrozenClock(await store.documents.now() + WHILE + timedelta(minutes=1))
    await Scheduler(store.unit_of_work, clock=clock, wake=lambda: None).move()


async def change(store: ODMStore, scenario: str) -> None:
    """Changes the aggregate, and takes the message back or puts another in its place."""
    async with store.unit_of_work() as work:
        samples, schedule = store.repository(SampleRepository)(work), schedule_for(work.session)
        sample = await samples.get(KEY)
        sample.amount += 1
        await samples.update(sample)
        if scenario == "cancel":
            assert await schedule.cancel(REMINDER)
        else:
            await schedule.put(REMINDER, envelope(2), WHILE)
        await work.commit()


async def main(url: str, database: str, scenario: str, fuse: int) -> None:
    """Opens the store, and lights the fuse."""
    waiting.LEASE = LEASE
    listener = Fuse()
    monitoring.register(listener)
    config = ODMConfig.model_validate({"url": url, "database": database})
    async with open_store(config, SampleRepository) as store:
        listener.left = fuse
        match scenario:
            case "move":
                listener.harmless = READING
                await move(store)
            case "cancel" | "replace":
                listener.harmless = READING
                await change(store, scenario)
            case _:
                await work_once(store, scenario)
        listener.left = 0


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
