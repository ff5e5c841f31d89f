from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    bind_repository,
    entity_of,
)
from fastapi_chassis.application.memory import InMemoryUnitOfWork
from fastapi_chassis.domain import BaseAggregate, BaseEntity, SoftDeletable, WiringError, new_id
from tests.unit.application.recorder import Recorder


class Item(BaseAggregate):
    title: str
    amount: int = 0


class Word(BaseEntity[str]):
    pass


class SoftWord(SoftDeletable, BaseEntity[str]):
    pass


class ItemRepository(AbstractRepository[Item, UUID]):
    async def titled(self, title: str) -> list[Item]:
        return await self.find(title=title)


class DearItemRepository(ItemRepository):
    pass


def test_the_entity_is_read_from_the_type() -> None:
    assert entity_of(AbstractRepository[Item, UUID]) is Item
    assert entity_of(ItemRepository) is Item
    assert entity_of(DearItemRepository) is Item
    assert DearItemRepository.entity is Item
    assert entity_of(AbstractRepository) is None


@pytest.mark.requirement("REP-1")
async def test_questions_of_a_feature_meet_the_primitives_of_any_store() -> None:
    bound = bind_repository(DearItemRepository, AbstractRepositoryInMemory)
    made = bound()
    item = await made.add(Item(title="a"))
    assert isinstance(made, ItemRepository)
    assert await made.titled("a") == [item]
    assert type(made).__name__ == "DearItemRepository"
    other = bind_repository(DearItemRepository, Recorder)()
    assert await other.titled("a") == []


async def test_a_bare_type_is_enough_for_a_repository() -> None:
    words = bind_repository(AbstractRepository[Word, str], AbstractRepositoryInMemory)()
    await words.add(Word(id="a"))
    assert await words.exists(id="a")
    assert type(words).__name__ == "WordRepository"


def test_a_repository_that_holds_nothing_known_is_a_wiring_error() -> None:
    with pytest.raises(WiringError, match="does not say what it holds"):
        bind_repository(AbstractRepository, AbstractRepositoryInMemory)


async def test_two_repositories_of_one_store_keep_their_entities_apart() -> None:
    items = bind_repository(AbstractRepository[Item, UUID], AbstractRepositoryInMemory)
    words = bind_repository(AbstractRepository[Word, str], AbstractRepositoryInMemory)
    work = InMemoryUnitOfWork()
    async with work:
        await items(work).add(Item(id=new_id(), title="a"))
        assert await words(work).count() == 0


@pytest.mark.requirement("REP-9")
def test_a_mark_that_no_version_guards_is_a_wiring_error() -> None:
    with pytest.raises(WiringError, match="SoftWord is SoftDeletable and has no version") as told:
        bind_repository(AbstractRepository[SoftWord, str], AbstractRepositoryInMemory)
    assert told.value.findings[0].remedy == "derive it from BaseAggregate."


@pytest.mark.requirement("REP-1")
def test_names_that_the_entity_lacks_are_findings_of_every_store() -> None:
    class Misspelt(AbstractRepository[Item, UUID]):
        identity = "key"
        unique = (("titel", "amount"), ("titel",))

    with pytest.raises(WiringError) as told:
        bind_repository(Misspelt, AbstractRepositoryInMemory)
    assert [finding.what for finding in told.value.findings] == [
        "Item has no field key",
        "Item has no field titel",
    ]
    assert "`unique`; the fields are id, version, title, amount" in told.value.findings[1].remedy
