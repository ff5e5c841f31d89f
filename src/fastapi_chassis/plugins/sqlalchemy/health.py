"""Health: whether the database answers."""

import time

from sqlalchemy import text

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.sqlalchemy.connection import Database
from fastapi_chassis.status import Component, degraded, healthy, unhealthy


async def ping(database: Database) -> Component:
    """Asks the database for one row."""
    begun = time.perf_counter()
    try:
        await database.read(lambda connection: connection.execute(text("SELECT 1")))
    except AppException as error:
        return unhealthy("sqlalchemy", f"{database.config.place}: {error.message}")
    answer = f"{database.config.place} in {(time.perf_counter() - begun) * 1000:.1f} ms"
    away = await database.replicas.look() if database.replicas is not None else []
    if away:
        return degraded("sqlalchemy", f"{answer}; without the replica {', '.join(away)}")
    return healthy("sqlalchemy", answer)
