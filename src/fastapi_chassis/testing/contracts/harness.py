"""RepositoryHarness: what a store lends to the contract suites, and the transactions that they open on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Protocol, cast

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    OneAggregatePerCommitError,
)
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.testing.contracts.samples import CardRepository, Sample, SampleRepository, WordRepository

AT_ONCE = 16  # commits side by side, where each takes one entity
SEVERAL = "writes_several_at_once"


class RepositoryHarness(Protocol):
    """One store, empty when a test begins; every unit of work that it makes is on that store.

    `has_transactions` says whether a commit takes several entities. Where it takes one, the suites demand
    that a second one is refused, before anything is written, by OneAggregatePerCommitError.
    """

    has_transactions: bool

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> AbstractUnitOfWork:
        """Makes a unit of work that is not begun; without arguments its events end here."""
        ...

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        """Makes the store's repository of a class from `samples`, in a unit of work."""
        ...


class SuppliesRepositories(Protocol):
    """The part of a Store that the suites use."""

    def unit_of_work(self, *, sink: EventSink | None, dispatch: EventDispatch) -> AbstractUnitOfWork:
        """Makes a unit of work that is not begun."""
        ...

    def repository(
        self, repository: type, table: object | None
    ) -> Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]:
        """Fills a repository's primitives."""
        ...


class StoreHarness:
    """Lends any Store to the suites.

    Args:
        store: a store of `fastapi_chassis.app`, empty and with a place for every sample.
        has_transactions: whether a commit of it takes several entities.
    """

    def __init__(self, store: SuppliesRepositories, *, has_transactions: bool = True) -> None:
        self.store = store
        self.has_transactions = has_transactions
        self._filled: dict[object, Callable[[AbstractUnitOfWork], object]] = {}

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> AbstractUnitOfWork:
        """Makes a unit of work of the store."""
        return self.store.unit_of_work(sink=sink, dispatch=dispatch or _nobody)

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        """Makes a repository; its primitives are filled once, as when an application is built."""
        if repository not in self._filled:
            self._filled[repository] = self.store.repository(cast("type", repository), None)
        return cast("R", self._filled[repository](unit_of_work))


async def _nobody(_event: DomainEvent) -> None:
    return None


def several_at_once[**P](test: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    """Marks a test that writes several entities in one commit: where a commit takes one, that is refused."""

    @wraps(test)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        store = cast("RepositoryHarness", kwargs["store"])
        if store.has_transactions:
            await test(*args, **kwargs)
            return
        with pytest.raises(OneAggregatePerCommitError):
            await test(*args, **kwargs)

    setattr(run, SEVERAL, True)
    return run


@asynccontextmanager
async def written(store: RepositoryHarness) -> AsyncIterator[SampleRepository]:
    """Opens a transaction on samples and commits it where the block ends well."""
    async with written_to(store, SampleRepository) as samples:
        yield samples


@asynccontextmanager
async def written_to[R](store: RepositoryHarness, repository: Callable[..., R]) -> AsyncIterator[R]:
    """Opens a transaction on a repository and commits it where the block ends well."""
    async with unchanged_where_refused(store), store.unit_of_work() as unit_of_work:
        yield store.repository(repository, unit_of_work)
        await unit_of_work.commit()


@asynccontextmanager
async def unchanged_where_refused(store: RepositoryHarness) -> AsyncIterator[None]:
    """Checks that a refusal of several entities in one commit has left nothing behind."""
    before = None if store.has_transactions else await _versions(store)
    try:
        yield
    except OneAggregatePerCommitError:
        assert before is not None, "this store says that it has transactions"
        assert await _versions(store) == before
        raise


@asynccontextmanager
async def read(store: RepositoryHarness) -> AsyncIterator[SampleRepository]:
    """Opens a transaction on samples and rolls it back."""
    async with store.unit_of_work() as unit_of_work:
        yield store.repository(SampleRepository, unit_of_work)


async def store_samples(store: RepositoryHarness, *samples: Sample) -> None:
    """Stores samples in a transaction of their own."""
    await store_all(store, SampleRepository, samples)


async def store_all[Entity, Key](
    store: RepositoryHarness,
    repository: Callable[..., AbstractRepository[Entity, Key]],
    entities: Iterable[Entity],
) -> None:
    """Stores entities in one transaction, or in one each where a commit takes one."""
    if store.has_transactions:
        async with written_to(store, repository) as stored:
            await stored.add_many(entities, is_return_require=False)
        return
    places = asyncio.Semaphore(AT_ONCE)

    async def add(entity: Entity) -> None:
        async with places, store.unit_of_work() as unit_of_work:
            await store.repository(repository, unit_of_work).add(entity)
            await unit_of_work.commit()

    async with asyncio.TaskGroup() as group:
        for entity in entities:
            group.create_task(add(entity))


async def _versions(store: RepositoryHarness) -> dict[object, int]:
    """Reads what is stored, in units of work of its own."""
    samples, words = await _versions_of(store, SampleRepository), await _versions_of(store, WordRepository)
    return samples | words | await _versions_of(store, CardRepository)


async def _versions_of[Entity, Key](
    store: RepositoryHarness, repository: Callable[..., AbstractRepository[Entity, Key]]
) -> dict[object, int]:
    async with store.unit_of_work() as unit_of_work:
        entities = await store.repository(repository, unit_of_work).find()
    return {entity: getattr(entity, "version", 0) for entity in entities}
