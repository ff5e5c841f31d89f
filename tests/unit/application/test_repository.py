from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractRepositoryInMemory,
    Selection,
    TransactionRequiredError,
    bind_repository,
    entity_of,
)
from fastapi_chassis.application.memory import InMemoryUnitOfWork
from fastapi_chassis.domain import (
    BaseAggregate,
    BaseEntity,
    Criterion,
    Cursor,
    Lookup,
    Order,
    ValidationException,
    WiringError,
    new_id,
)


class Item(BaseAggregate):
    title: str
    amount: int = 0


class Word(BaseEntity[str]):
    pass


class ItemRepository(AbstractRepository[Item, UUID]):
    async def titled(self, title: str) -> list[Item]:
        return await self.find(title=title)


class DearItemRepository(ItemRepository):
    pass


class Recorder[Entity, Key](AbstractRepository[Entity, Key]):
    """A store that holds nothing and writes down what it is asked."""

    def __init__(self, unit_of_work: InMemoryUnitOfWork | None = None) -> None:
        super().__init__(unit_of_work)
        self.asked: list[object] = []

    async def _get(self, key: Key) -> Entity | None:
        self.asked.append(key)
        return None

    async def _select(self, selection: Selection) -> list[Entity]:
        self.asked.append(selection)
        return []

    async def _stream(self, selection: Selection) -> AsyncIterator[Entity]:
        self.asked.append(selection)
        for entity in ():
            yield entity

    async def _count(self, criteria: Sequence[Criterion]) -> int:
        self.asked.append(criteria)
        return 0

    async def _insert(self, entities: Sequence[Entity]) -> None:
        self.asked.append(("insert", len(entities)))

    async def _update(self, entities: Sequence[Entity]) -> None:
        self.asked.append(("update", len(entities)))

    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        self.asked.append(("upsert", len(entities)))
        return [7 for _ in entities]

    async def _remove(self, entity: Entity) -> None:
        self.asked.append("remove")

    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        self.asked.append(("delete", criteria))
        return 0


class Items(Recorder[Item, UUID]):
    pass


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize(
    "ask",
    [
        lambda items: items.get("no uuid"),
        lambda items: items.get_or_none(None),
        lambda items: items.find(unknown=1),
        lambda items: items.find(title=1),
        lambda items: items.find(order=("unknown",)),
        lambda items: items.find(limit=-1),
        lambda items: items.find(offset=2**31),
        lambda items: items.first(amount=True),
        lambda items: items.page(limit=0),
        lambda items: items.page(limit=1_001),
        lambda items: items.page(limit=True),
        lambda items: items.page(after="forged"),
        lambda items: items.page(after="", offset=1),
        lambda items: items.count(title__nonsense=1),
        lambda items: items.exists(title="x" * 5_001),
        lambda items: items.find(amount__in=range(501)),
        lambda items: anext(items.stream(amount__gt="1")),
        lambda items: items.remove_where(),
        lambda items: items.remove_where(unknown=1),
        lambda items: items.add(Item(title="\x00")),
        lambda items: items.add_many([Item(title="fine"), Item(title="\ud800")]),
        lambda items: items.update(Item(title="", amount=2**63)),
        lambda items: items.upsert(Item(title=None)),  # type: ignore[arg-type]
    ],
)
async def test_what_is_wrong_is_refused_before_the_store_is_asked(ask: Callable[[Items], object]) -> None:
    items = Items()
    with pytest.raises(ValidationException):
        await ask(items)  # type: ignore[misc]
    assert items.asked == []


async def test_writing_outside_of_a_transaction_does_not_reach_the_store() -> None:
    items = Items(InMemoryUnitOfWork())
    with pytest.raises(TransactionRequiredError, match=r"Items\.add was called"):
        await items.add(Item(title="a"))
    assert items.asked == []


async def test_a_question_reaches_the_store_checked_and_ordered() -> None:
    items = Items()
    await items.find(order=("-title",), limit=5, offset=2, amount__gte=1)
    await items.page(limit=10)
    await items.first()
    criterion = Criterion("amount", Lookup.GTE, 1)
    assert items.asked == [
        Selection((criterion,), (Order("title", True), Order("id", True)), 5, 2),
        Selection((), (Order("id"),), 11),
        Selection((), (Order("id"),), 1),
    ]


async def test_a_forged_cursor_never_reaches_the_store() -> None:
    items = Items()
    orders = (Order("amount"), Order("id"))
    for values in ((1, "no uuid"), ("1", new_id()), (None, new_id()), (2**63, new_id()), (1,)):
        forged = Cursor(values).encode(Items.cursor_key, (), orders)
        with pytest.raises(ValidationException) as told:
            await items.page(order=("amount",), after=forged)
        assert told.value.error_code == "INVALID_CURSOR"
    assert items.asked == []


async def test_an_empty_batch_asks_nothing() -> None:
    items = Items()
    assert await items.add_many([]) == []
    assert await items.update_many(iter(())) == []
    assert items.asked == []


@pytest.mark.requirement("REP-4")
async def test_many_are_one_call() -> None:
    items = Items()
    assert await items.add_many((Item(title="a") for _ in range(1_000)), is_return_require=False) == []
    assert items.asked == [("insert", 1_000)]


async def test_versions_are_counted_on_what_was_given() -> None:
    items, item = Items(), Item(title="a")
    await items.add(item)
    assert item.version == 1
    await items.update(item)
    assert item.version == 2
    await items.upsert(item)
    assert item.version == 7


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
