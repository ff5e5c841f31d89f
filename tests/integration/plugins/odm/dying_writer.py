"""A writer that kills itself, as by kill -9, just before the n-th command that its unit of work sends."""

import asyncio
import os
import signal
import sys
from uuid import UUID

from pymongo import monitoring

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import AlreadyExistsException
from fastapi_chassis.messaging import EnvelopeWriter, MessagingConfig, OutboxPublisher, codec_for, inbox_for
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

KEY, MESSAGE = UUID(int=7), UUID(int=8)
TITLE = "renamed"
ANSWER = StoredAnswer("print", b"made once")


class Fuse(monitoring.CommandListener):
    """Counts the commands of a unit of work, and kills the process before one of them."""

    def __init__(self) -> None:
        self.left = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.left == 1 and event.command_name != "hello":
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


async def main(url: str, database: str, scenario: str, fuse: int) -> None:
    """Opens the store, and lights the fuse."""
    listener = Fuse()
    monitoring.register(listener)
    config = ODMConfig.model_validate({"url": url, "database": database})
    async with open_store(config, SampleRepository) as store:
        listener.left = fuse
        await work_once(store, scenario)
        listener.left = 0


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
