"""The memory twins, as the contract suites want a store."""

from collections.abc import Callable

import pytest

from fastapi_chassis.application import (
    AbstractUnitOfWork,
    EventDispatch,
    EventSink,
    InMemoryUnitOfWork,
    MemoryStore,
    in_memory,
)


class MemoryHarness:
    has_transactions = True

    def __init__(self) -> None:
        self.store = MemoryStore()

    def unit_of_work(
        self, *, sink: EventSink | None = None, dispatch: EventDispatch | None = None
    ) -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(self.store, sink=sink, dispatch=dispatch)

    def repository[R](self, repository: Callable[..., R], unit_of_work: AbstractUnitOfWork) -> R:
        assert isinstance(unit_of_work, InMemoryUnitOfWork)
        return in_memory(repository, unit_of_work)


class OnMemory:
    """Mixed into a suite, supplies its `store`."""

    contract_store = "memory"

    @pytest.fixture
    def store(self) -> MemoryHarness:
        return MemoryHarness()
