"""ODMRepository: the primitives of every repository, on MongoDB."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import ClassVar, cast, override

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from fastapi_chassis.application import AbstractRepository, Selection, arranged, behind, matches
from fastapi_chassis.domain import Criterion, Order
from fastapi_chassis.plugins.odm.codec import ID, REMOVED, Document, fields_of
from fastapi_chassis.plugins.odm.lookups import Question
from fastapi_chassis.plugins.odm.pending import PendingRemovals, PendingWrite
from fastapi_chassis.plugins.odm.session import STREAMED, Cursor
from fastapi_chassis.plugins.odm.unit_of_work import ODMUnitOfWork
from fastapi_chassis.plugins.odm.writers import DocumentWriter, Target, TransactionWriter


class ODMRepository[Entity, Key](AbstractRepository[Entity, Key]):
    """A repository on MongoDB.

    Args:
        unit_of_work: the transaction that it takes part in; outside of one it only reads.
    """

    collection: ClassVar[str] = ""

    def __init__(self, unit_of_work: ODMUnitOfWork) -> None:
        super().__init__(unit_of_work)
        self._session = unit_of_work.session
        self._place = self._session.documents.layout.stored(type(self), self.collection)

    @override
    async def _get(self, key: Key) -> Entity | None:
        wanted = self._place.codec.key(key)
        pending = self._pending
        if isinstance(pending, PendingWrite) and pending.key == wanted:
            return self._own(pending)
        if isinstance(pending, PendingRemovals) and wanted in pending.keys:
            return None
        found = await self._session.read(
            lambda session: self._documents.find_one({ID: wanted}, session=session)
        )
        if found is None or REMOVED in found:
            return None
        return self._decode(found)

    @override
    async def _select(self, selection: Selection) -> list[Entity]:
        if selection.limit == 0:
            return []
        question = self._hiding(self._place.questions.of_selection(selection))
        own = self._own_match(selection)
        known = self._place.questions.knows(selection.orders)
        if own is None and known and not question.rest:
            return await self._fetched(question, selection.orders, selection.offset, selection.limit)
        end = None if selection.limit is None else selection.offset + selection.limit
        if known:
            found = await self._gathered(question, selection.orders, end)
        else:
            found = await self._gathered(question, (), None)
            if selection.after is not None:
                found = behind(found, selection.after, selection.orders)
        if own is not None:
            found.append(own)
        return arranged(found, selection.orders)[selection.offset : end]

    @override
    async def _stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        if not self._place.questions.knows(selection.orders):
            for entity in await self._select(selection):
                yield entity
            return
        own = self._own_match(selection)
        question = self._hiding(self._place.questions.of_selection(selection))
        async with aclosing(self._matching(question, selection.orders)) as found:
            async for entity in found:
                if own is not None and arranged([entity, own], selection.orders)[0] is own:
                    yield own
                    own = None
                yield entity
        if own is not None:
            yield own

    @override
    async def _count(self, criteria: Sequence[Criterion]) -> int:
        question = self._hiding(self._place.questions.of(criteria))
        own = self._own_match(Selection(tuple(criteria)))
        found = 0 if question.is_doubtful else await self._counted(question)
        if question.rest:
            async with aclosing(self._matching(question.doubtful(), ())) as stream:
                async for _ in stream:
                    found += 1
        return found + (own is not None)

    @override
    async def _exists(self, criteria: Sequence[Criterion]) -> bool:
        question = self._hiding(self._place.questions.of(criteria))
        if self._own_match(Selection(tuple(criteria))) is not None:
            return True
        if question.rest:
            return bool(await self._gathered(question, (), 1))
        return bool(
            await self._session.read(
                lambda session: self._documents.find_one(question.filter, {ID: 1}, session=session)
            )
        )

    @override
    async def _insert(self, entities: Sequence[Entity]) -> None:
        await self._writer.insert(entities)

    @override
    async def _update(self, entities: Sequence[Entity]) -> None:
        await self._writer.update(entities)

    @override
    async def _upsert(self, entities: Sequence[Entity]) -> Sequence[int]:
        return await self._writer.upsert(entities)

    @override
    async def _remove(self, entity: Entity) -> None:
        await self._writer.remove(entity)

    @override
    async def _delete(self, criteria: Sequence[Criterion]) -> int:
        question = self._hiding(self._place.questions.of(criteria))
        if question.rest:
            keys = [self._place.codec.key(self._key(one)) for one in await self._gathered(question, (), None)]
        else:
            found = await self._session.read(
                lambda session: self._documents.find(question.filter, {ID: 1}, session=session).to_list()
            )
            keys = [one[ID] for one in found]
        own = self._own_match(Selection(tuple(criteria)))
        if own is not None:
            keys.append(self._place.codec.key(self._key(own)))
        await self._writer.delete(keys, question)
        return len(keys)

    @property
    def _documents(self) -> AsyncCollection[Document]:
        return self._session.database[self._place.collection]

    @property
    def _writer(self) -> TransactionWriter | DocumentWriter:
        target = Target(self._session, self._place, type(self).__name__, self._lost, self._taken)
        return TransactionWriter(target) if self._session.has_transactions else DocumentWriter(target)

    @property
    def _pending(self) -> PendingWrite | PendingRemovals | None:
        """What this unit of work will write into this collection."""
        pending = self._session.pending
        return pending if pending and pending.place.collection == self._place.collection else None

    def _own(self, pending: PendingWrite) -> Entity | None:
        return None if pending.document is None else self._decode(fields_of(pending.document))

    def _own_match(self, selection: Selection) -> Entity | None:
        """Returns what this unit of work will write, where it answers a question."""
        pending = self._pending
        own = self._own(pending) if isinstance(pending, PendingWrite) else None
        if own is None or not matches(own, selection.criteria):
            return None
        if selection.after is not None and not behind([own], selection.after, selection.orders):
            return None
        return own

    def _hiding(self, question: Question) -> Question:
        """Leaves out what this unit of work will change."""
        match self._pending:
            case PendingWrite(key=key):
                return question.but({ID: {"$ne": key}})
            case PendingRemovals(keys=keys):
                return question.but({ID: {"$nin": list(keys)}})
        return question

    def _decode(self, document: Document) -> Entity:
        return cast("Entity", self._place.codec.decode(document))

    async def _fetched(
        self, question: Question, orders: Sequence[Order], offset: int, limit: int | None
    ) -> list[Entity]:
        async def work(session: AsyncClientSession | None) -> list[Document]:
            cursor = await self._opened(question, orders, session, offset, limit)
            return await cursor.to_list()

        return [self._decode(one) for one in await self._session.read(work)]

    async def _counted(self, question: Question) -> int:
        """Counts what is certain to match."""
        certain = (question.certain() if question.rest else question).filter
        return await self._session.read(
            lambda session: self._documents.count_documents(certain, session=session)
        )

    async def _gathered(self, question: Question, orders: Sequence[Order], limit: int | None) -> list[Entity]:
        """Reads what matches in Python's eyes as well, until there is enough."""
        if not question.rest:
            return await self._fetched(question, orders, 0, limit)
        gathered: list[Entity] = []
        async with aclosing(self._matching(question, orders)) as found:
            async for entity in found:
                gathered.append(entity)
                if len(gathered) == limit:
                    break
        return gathered

    async def _matching(self, question: Question, orders: Sequence[Order]) -> AsyncGenerator[Entity, None]:
        async def opening(session: AsyncClientSession | None) -> Cursor:
            return await self._opened(question, orders, session)

        async with aclosing(self._session.stream(opening)) as bunches:
            async for bunch in bunches:
                for entity in map(self._decode, bunch):
                    if matches(entity, question.rest):
                        yield entity

    async def _opened(
        self,
        question: Question,
        orders: Sequence[Order],
        session: AsyncClientSession | None,
        offset: int = 0,
        limit: int | None = None,
    ) -> Cursor:
        marks, sort = self._place.questions.marks(orders), self._place.questions.sort(orders)
        if not marks:
            return self._documents.find(
                question.filter,
                sort=list(sort.items()) or None,
                skip=offset,
                limit=limit or 0,
                batch_size=STREAMED,
                allow_disk_use=True,
                session=session,
            )
        stages: list[Document] = [{"$match": question.filter}, {"$addFields": marks}, {"$sort": sort}]
        if offset:
            stages.append({"$skip": offset})
        if limit is not None:
            stages.append({"$limit": limit})
        return await self._documents.aggregate(stages, allowDiskUse=True, batchSize=STREAMED, session=session)
