"""Health: whether the database answers."""

import time

import pymongo

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.status import Component, healthy, unhealthy


async def ping(documents: DocumentDatabase) -> Component:
    """Asks the database for a sign of life, with no more patience than for a new connection."""
    begun, place = time.perf_counter(), documents.config.place
    try:
        with translate_errors(), pymongo.timeout(documents.config.selection_timeout):
            await documents.client.admin.command("ping")
    except AppException as error:
        return unhealthy("odm", f"{place}: {error.message}")
    kind = "transactions" if documents.has_transactions else "one aggregate per commit"
    return healthy("odm", f"{place}, {kind}, in {(time.perf_counter() - begun) * 1000:.1f} ms")
