"""A scheduler in a process of its own, which may kill itself, as by kill -9, at one point of each turn."""

import asyncio
import os
import random
import signal
import sys
from typing import override

from fastapi_chassis.messaging import Scheduler, SchedulerConfig
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, SqlAlchemyUnitOfWork
from fastapi_chassis.plugins.sqlalchemy.testing import open_store

POINTS = ("nowhere", "before the commit", "after the commit")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingUnitOfWork(SqlAlchemyUnitOfWork):
    """Only a turn that moves something commits."""

    point = POINTS[0]
    turns_left = 0

    @override
    async def commit(self) -> None:
        cls = type(self)
        is_last, cls.turns_left = cls.turns_left == 0, cls.turns_left - 1
        if is_last and cls.point == "before the commit":
            die()
        await super().commit()
        if is_last and cls.point == "after the commit":
            die()


async def run(store: SqlAlchemyStore) -> None:
    config = SchedulerConfig(batch=5, poll=0.1)
    scheduler = Scheduler(lambda: DyingUnitOfWork(store.database), config, wake=lambda: None)
    async with scheduler.running():
        await asyncio.Event().wait()


async def main(url: str, point: str) -> None:
    DyingUnitOfWork.point = point
    DyingUnitOfWork.turns_left = random.randint(0, 3)
    async with open_store(SqlAlchemyConfig.model_validate({"url": url})) as store:
        await run(store)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
