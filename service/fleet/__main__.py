"""Starts PostgreSQL, a broker and the fleet, until Ctrl+C: `python -m fleet [kafka|rabbitmq|nats]`."""

import asyncio
import signal
import sys

from fastapi_chassis.testing.backends import fresh_database, open_backend
from fleet.brokers import VARIABLES
from fleet.processes import open_fleet


async def main(broker: str) -> None:
    """Runs until a signal."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with (
        open_backend("postgresql") as database,
        open_backend(broker) as server,
        fresh_database(database.url) as url,
        open_fleet({"DATABASE_URL": url, **VARIABLES[broker](server.url)}) as fleet,
    ):
        for one in fleet.processes.values():
            sys.stdout.write(f"{one.name:14} {one.url or 'takes messages to ' + broker}\n")
        sys.stdout.flush()
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "kafka"))
