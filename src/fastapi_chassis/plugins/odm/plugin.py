"""ODMPlugin: MongoDB as part of an application."""

import logging
from typing import ClassVar, override

from pymongo.asynchronous.database import AsyncDatabase

from fastapi_chassis.app import PluginAbstract, PluginContext
from fastapi_chassis.config import RootConfig
from fastapi_chassis.plugins.odm.config import ODMConfig
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, open_odm
from fastapi_chassis.plugins.odm.health import ping
from fastapi_chassis.plugins.odm.indexes import IndexesMissingError, ODMIndexes
from fastapi_chassis.plugins.odm.store import ODMStore

_log = logging.getLogger("fastapi_chassis.odm")


class ODMPlugin(PluginAbstract[ODMConfig]):
    """Opens the database, makes its indexes where that is wanted, and lends it to repositories.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two databases are configured.
    """

    name = "odm"
    config_type = ODMConfig
    provides: ClassVar[tuple[type, ...]] = (AsyncDatabase,)

    def __init__(self, config: ODMConfig, *, instance: str = "") -> None:
        super().__init__(config, instance=instance)
        self._store: ODMStore | None = None

    @override
    def store(self) -> ODMStore:
        """Returns the store that repositories may live in; nothing is connected before `start`."""
        if self._store is None:
            self._store = ODMStore(DocumentDatabase(self.config))
        return self._store

    @override
    def migrations(self) -> ODMIndexes:
        """Returns how the indexes are brought up to date."""
        return ODMIndexes(self.store().documents)

    @override
    async def start(self, context: PluginContext) -> None:
        """Opens the database.

        Raises:
            DatabaseAwayError: it can't be reached.
            IndexesMissingError: an index is missing, or could not be made.
        """
        store = self.store()
        database = await context.enter(open_odm(store.documents))
        if not store.documents.has_transactions:
            _log.info("the database has no transactions: a commit takes one aggregate")
        await self._bring_up_to_date(context.config)
        await store.open_classes()
        context.provide(AsyncDatabase, database)
        context.health(self.instance, ping, store.documents)

    async def _bring_up_to_date(self, root: RootConfig) -> None:
        indexes = self.migrations()
        if self._creates(root):
            for step in await indexes.migrate():
                _log.info("made: %s", step)
        elif findings := await indexes.pending():
            raise IndexesMissingError(*findings)

    def _creates(self, root: RootConfig) -> bool:
        wanted = self.config.create_indexes
        return not root.environment.is_production_like if wanted is None else wanted
