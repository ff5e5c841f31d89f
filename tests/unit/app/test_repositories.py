from uuid import UUID

from fastapi_chassis.app import InMemoryStore, Store
from fastapi_chassis.app.repositories import Ownership, is_repository, repository_bindings
from fastapi_chassis.app.stores import StorePlace
from fastapi_chassis.application import AbstractRepository, AbstractRepositoryInMemory, AbstractUnitOfWork
from fastapi_chassis.config import ScopeEnum
from fastapi_chassis.domain import BaseAggregate, Finding, WiringError


class Item(BaseAggregate):
    title: str


class Items(AbstractRepository[Item, UUID]):
    async def titled(self, title: str) -> list[Item]:
        return await self.find(title=title)


class Filled(AbstractRepositoryInMemory[Item, UUID]):
    pass


class Narrow(InMemoryStore):
    def repository(self, repository, table):
        raise WiringError(Finding(f"no place for {repository.__name__} in {table}"))


def owned_by(store: Store) -> Ownership:
    return Ownership(StorePlace("memory", store))


def test_repositories_with_open_primitives_are_for_the_store_to_fill():
    assert is_repository(Items)
    assert is_repository(AbstractRepository[Item, UUID])
    assert not is_repository(Filled)
    assert not is_repository(Item)
    assert not is_repository("anything")


async def test_each_is_filled_once_and_lives_for_one_message():
    store = InMemoryStore()
    wanted = [Items, Item, Items, AbstractRepository[Item, UUID]]
    bindings, findings = repository_bindings(wanted, owned_by(store), {}, secret=b"x")
    assert findings == []
    assert [(one.interface, one.scope) for one in bindings] == [
        (Items, ScopeEnum.MESSAGE),
        (AbstractRepository[Item, UUID], ScopeEnum.MESSAGE),
    ]

    async def dispatch(event) -> None:
        raise AssertionError(event)

    unit_of_work: AbstractUnitOfWork = store.unit_of_work(sink=None, dispatch=dispatch)
    async with unit_of_work:
        items, alias = (binding.factory(unit_of_work) for binding in bindings)
        await items.add(Item(title="Dune"))
        assert [one.title for one in await items.titled("Dune")] == ["Dune"]
        assert await alias.count() == 1
        assert items.cursor_key == alias.cursor_key
        await unit_of_work.commit()


async def test_cursors_are_signed_with_a_key_of_the_service():
    def key(secret: bytes) -> bytes:
        (binding,), _ = repository_bindings([Items], owned_by(InMemoryStore()), {}, secret=secret)
        return binding.factory(InMemoryStore().unit_of_work(sink=None, dispatch=print)).cursor_key

    assert key(b"one") != key(b"two")
    assert b"one" not in key(b"one")


def test_what_the_store_cannot_hold_is_a_finding_each():
    class Books(Items):
        pass

    bindings, findings = repository_bindings([Items, Books], owned_by(Narrow()), {Item: "table"}, secret=b"x")
    assert bindings == []
    assert [finding.what for finding in findings] == [
        "no place for Items in table",
        "no place for Books in table",
    ]
