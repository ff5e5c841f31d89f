"""What the suites demand of a store whose server has no transactions, shown on memory."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from fastapi_chassis.application import (
    AbstractRepositoryInMemory,
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    InMemoryUnitOfWork,
    OneAggregatePerCommitError,
    bind_repository,
)
from fastapi_chassis.domain import Criterion
from fastapi_chassis.testing.contracts.repository_concurrency import RepositoryConcurrencyContract
from fastapi_chassis.testing.contracts.repository_pages import RepositoryPagesContract
from fastapi_chassis.testing.contracts.repository_reads import RepositoryReadsContract
from fastapi_chassis.testing.contracts.repository_record_keeping import (
    RepositoryAuditColumnsContract,
    RepositorySoftDeleteContract,
)
from fastapi_chassis.testing.contracts.repository_writes import RepositoryWritesContract
from fastapi_chassis.testing.contracts.unit_of_work import UnitOfWorkContract
from fastapi_chassis.testing.contracts.unit_of_work_events import UnitOfWorkEventsContract
from tests.contracts.memory_store import MemoryHarness

SEVERAL = object()


class OneAggregateUnitOfWork(InMemoryUnitOfWork):
    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]  # handed on
        self.written: set[Hashable] = set()

    async def _begin(self) -> None:
        self.written.clear()


class OneAggregateRepository[Entity, Key](AbstractRepositoryInMemory[Entity, Key]):
    def __init__(self, unit_of_work: OneAggregateUnitOfWork) -> None:
        super().__init__(unit_of_work)
        self._written = unit_of_work.written

    async def _insert(self, entities: Sequence[Entity]) -> None:
        with self._one("add", entities):
            await super()._insert(entities)

    async def _update(self, entities: Sequence[Entity]) -> None:
        with self._one("update", entities):
            await super()._update(entities)

    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        with self._one("upsert", entities):
            return await super()._upsert(entities)

    async def _remove(self, entity: Entity) -> None:
        with self._one("remove", [entity]):
            await super()._remove(entity)

    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        if self._written:
            raise OneAggregatePerCommitError("remove_where")
        self._written.add(SEVERAL)
        return await super()._delete(criteria)

    @contextmanager
    def _one(self, verb: str, entities: Sequence[Entity]) -> Iterator[None]:
        wanted = {(self.entity, self._key(entity)) for entity in entities}
        if len(self._written | wanted) > 1 or len(entities) > 1:
            raise OneAggregatePerCommitError(verb)
        yield
        self._written |= wanted


class OneAggregateHarness(MemoryHarness):
    has_transactions = False

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> OneAggregateUnitOfWork:
        return OneAggregateUnitOfWork(self.store, sink=sink, dispatch=dispatch)

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        return bind_repository(repository, OneAggregateRepository)(unit_of_work)


class OnOneAggregate:
    @pytest.fixture
    def store(self) -> OneAggregateHarness:
        return OneAggregateHarness()


class TestReads(OnOneAggregate, RepositoryReadsContract):
    pass


class TestPages(OnOneAggregate, RepositoryPagesContract):
    pass


class TestWrites(OnOneAggregate, RepositoryWritesContract):
    pass


class TestConcurrency(OnOneAggregate, RepositoryConcurrencyContract):
    pass


class TestUnitOfWork(OnOneAggregate, UnitOfWorkContract):
    pass


class TestUnitOfWorkEvents(OnOneAggregate, UnitOfWorkEventsContract):
    pass


class TestAuditColumns(OnOneAggregate, RepositoryAuditColumnsContract):
    pass


class TestSoftDelete(OnOneAggregate, RepositorySoftDeleteContract):
    pass
