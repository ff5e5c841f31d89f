"""RepositoryHarness: what a store lends to the contract suites, and the transactions that they open on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, cast

from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, EventDispatch, EventSink
from fastapi_chassis.domain import DomainEvent
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository


class RepositoryHarness(Protocol):
    """One store, empty when a test begins; every unit of work that it makes is on that store."""

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
    """

    def __init__(self, store: SuppliesRepositories) -> None:
        self.store = store
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


@asynccontextmanager
async def written(store: RepositoryHarness) -> AsyncIterator[SampleRepository]:
    """Opens a transaction on samples and commits it where the block ends well."""
    async with written_to(store, SampleRepository) as samples:
        yield samples


@asynccontextmanager
async def written_to[R](store: RepositoryHarness, repository: Callable[..., R]) -> AsyncIterator[R]:
    """Opens a transaction on a repository and commits it where the block ends well."""
    async with store.unit_of_work() as unit_of_work:
        yield store.repository(repository, unit_of_work)
        await unit_of_work.commit()


@asynccontextmanager
async def read(store: RepositoryHarness) -> AsyncIterator[SampleRepository]:
    """Opens a transaction on samples and rolls it back."""
    async with store.unit_of_work() as unit_of_work:
        yield store.repository(SampleRepository, unit_of_work)


async def store_samples(store: RepositoryHarness, *samples: Sample) -> None:
    """Stores samples in a transaction of their own."""
    async with written(store) as repository:
        await repository.add_many(samples, is_return_require=False)
