"""A small service in a process of its own, for test_drain: `python draining_service.py PORT DRAIN_DELAY`."""

import asyncio
import sys

from fastapi import FastAPI

from fastapi_chassis.app import ApplicationAbstract, ApplicationGenericBuilder
from fastapi_chassis.security import Public


class Draining(ApplicationAbstract):
    name = "draining"

    def configure(self, app: FastAPI) -> None:
        @app.get("/work", dependencies=[Public])
        async def work(ms: int) -> int:
            await asyncio.sleep(ms / 1_000)
            return ms


if __name__ == "__main__":
    port, delay = sys.argv[1:]
    builder = ApplicationGenericBuilder(Draining).with_sources(environ={}, directory="/nonexistent")
    builder.with_setting("server.port", int(port)).with_setting("server.drain_delay", float(delay))
    builder.with_setting("server.graceful_timeout", 10).with_setting(
        "logging.level", "WARNING"
    ).build_and_serve()
