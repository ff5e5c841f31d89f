"""MongoDB, as the contract suites want a store: one database for a class, empty when a test begins."""

import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import cast
from uuid import uuid4

import pymongo
import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from fastapi_chassis.application import AbstractUnitOfWork, EventDispatch, EventSink
from fastapi_chassis.messaging import InboxStore, OutboxStore
from fastapi_chassis.plugins.odm import ODMConfig, ODMStore, ODMUnitOfWork
from fastapi_chassis.plugins.odm.testing import open_store
from fastapi_chassis.testing.backends.catalogue import Recipe
from fastapi_chassis.testing.backends.containers import ContainerSource, engine_obstacle
from fastapi_chassis.testing.backends.ferretdb import hello
from fastapi_chassis.testing.backends.fixtures import OpenBackend
from fastapi_chassis.testing.backends.session import BackendSession
from fastapi_chassis.testing.contracts.samples import REPOSITORIES

REPLICA_SET = Recipe(
    "mongodb",
    "8.0",
    lambda: (
        ContainerSource(
            image="mongo:8.0",
            port=27017,
            ready=hello,
            url=lambda port: f"mongodb://127.0.0.1:{port}/?directConnection=true",
            command=("--replSet", "rs0", "--bind_ip_all"),
        ),
    ),
)
NO_REPLICA_SET = None if os.environ.get(REPLICA_SET.url_variable) else engine_obstacle()


class ODMHarness:
    def __init__(self, store: ODMStore) -> None:
        self.store = store
        self.has_transactions = store.documents.has_transactions
        self._filled: dict[object, Callable[[AbstractUnitOfWork], object]] = {}

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> ODMUnitOfWork:
        return self.store.unit_of_work(sink=sink, dispatch=dispatch)

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        if repository not in self._filled:
            self._filled[repository] = self.store.repository(cast("type", repository))
        return cast("R", self._filled[repository](unit_of_work))

    def outbox(self) -> OutboxStore:
        return self.store.outbox()

    def inbox(self) -> InboxStore:
        return self.store.inbox()


@asynccontextmanager
async def harness_at(url: str, database: str) -> AsyncIterator[ODMHarness]:
    """Opens a store with its indexes."""
    config = ODMConfig.model_validate({"url": url, "database": database})
    async with open_store(config, *REPOSITORIES) as store:
        yield ODMHarness(store)


async def clear(harness: ODMHarness) -> None:
    """Empties every collection that is no part of the server."""
    mongo = harness.store.documents.mongo
    for name in await mongo.list_collection_names():
        if not name.startswith("system."):
            await mongo[name].delete_many({})


@pytest.mark.backends("ferretdb")
class OnFerret:
    """Mixed into a suite, supplies its `store`: a server without transactions."""

    contract_store: str | None = "MongoDB"
    takes_one_aggregate = True

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, backend: OpenBackend) -> Iterator[tuple[str, str]]:
        url, name = backend("ferretdb").url, f"contract_{uuid4().hex[:12]}"
        yield url, name
        with pymongo.MongoClient(url) as client:
            client.drop_database(name)

    @pytest.fixture
    async def store(self, database: tuple[str, str]) -> AsyncIterator[ODMHarness]:
        async with harness_at(*database) as harness:
            await clear(harness)
            yield harness


class OnFerretAsIfInTransactions(OnFerret):
    """Takes the road of transactions on a server that has none: what is written stands at once.

    Shows what that road sends and refuses; what only a rollback or isolation does is shown on a replica set.
    """

    contract_store = None

    @pytest.fixture
    async def store(
        self, database: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[ODMHarness]:
        monkeypatch.setattr(AsyncClientSession, "commit_transaction", AsyncClientSession.abort_transaction)
        async with harness_at(*database) as harness:
            await clear(harness)
            harness.has_transactions = harness.store.documents.has_transactions = True
            yield harness


@pytest.mark.skipif(NO_REPLICA_SET is not None, reason=f"no MongoDB replica set: {NO_REPLICA_SET}")
class OnReplicaSet(OnFerret):
    """Mixed into a suite, supplies its `store`: a server with transactions."""

    contract_store = None

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, backend_session: BackendSession) -> Iterator[tuple[str, str]]:
        url, name = backend_session.shared(REPLICA_SET).url, f"contract_{uuid4().hex[:12]}"
        with pymongo.MongoClient(url) as client:
            initiate(client)
            yield url, name
            client.drop_database(name)


def initiate(client: pymongo.MongoClient) -> None:
    """Makes a replica set of one member, and waits until that is its primary."""
    with contextlib.suppress(OperationFailure):  # it is one already
        member = {"_id": 0, "host": "127.0.0.1:27017"}
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
    for _ in range(300):
        if client.admin.command("hello")["isWritablePrimary"]:
            return
        time.sleep(0.1)
    raise AssertionError("the replica set has no primary")
