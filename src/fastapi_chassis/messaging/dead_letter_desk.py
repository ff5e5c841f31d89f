"""DeadLetters: what an operator does with messages that were given up: see, edit, replay, discard."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fastapi_chassis.domain import ConflictException, NotFoundException, ValidationException
from fastapi_chassis.messaging.dead_letter_keeping import Receiver
from fastapi_chassis.messaging.dead_letters import (
    MOST,
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetterStateEnum,
    DeadLetterStore,
)
from fastapi_chassis.messaging.outcome import Ack, DeadLetter, Retry
from fastapi_chassis.messaging.transport import Delivery

type Note = Callable[[str, DeadLetterRecord], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handled:
    """What an action on several records came to.

    Args:
        done: records that are settled now.
        failed: records that wait still, and why.
    """

    done: tuple[UUID, ...]
    failed: Mapping[UUID, str]


class DeadLetters:
    """The dead letters of a service.

    A replay gives the message to its group's handlers in this process, and to no other group. The inbox skips
    the handlers that had their effect. Messages of the key that came later were handled already: a replay
    comes after them, and only a bulk replay keeps the order of what it replays.

    Args:
        stores: where they are kept.
        receivers: the consumers that run here, by group.
        note: is told what is about to be done to which record; where it fails, nothing is done.
    """

    def __init__(
        self, stores: Sequence[DeadLetterStore], receivers: Mapping[str, Receiver], note: Note
    ) -> None:
        self._stores = stores
        self._receivers = receivers
        self._note = note

    async def page(self, query: DeadLetterQuery) -> list[DeadLetterRecord]:
        """Returns the records that are wanted, of every store."""
        found = [record for store in self._stores for record in await store.page(query)]
        is_latest_first = not query.is_earliest_first
        return sorted(found, key=lambda record: record.id, reverse=is_latest_first)[: query.limit]

    async def show(self, id: UUID) -> DeadLetterRecord:  # noqa: A002 - it is the record's id
        """Returns one record.

        Raises:
            NotFoundException: there is none.
        """
        return (await self._found(id))[1]

    async def edit(
        self,
        id: UUID,  # noqa: A002 - it is the record's id
        *,
        payload: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> DeadLetterRecord:
        """Changes what a replay will hand over.

        Args:
            id: the record.
            payload: the body, instead of the one it has.
            headers: all of them, instead of those it has.

        Raises:
            NotFoundException: there is no such record.
            ConflictException: it is settled, or somebody else changed it just now.
            ValidationException: the body says that it is JSON and is not.
        """
        store, record = await self._waiting(id)
        body = record.envelope.payload if payload is None else payload
        if payload is not None and "json" in record.envelope.content_type:
            _check_json(payload)
        kept = record.envelope.headers if headers is None else dict(headers)
        await self._note("edit", record)
        return await _written(
            store, replace(record, envelope=replace(record.envelope, payload=body, headers=kept))
        )

    async def discard(self, id: UUID) -> DeadLetterRecord:  # noqa: A002 - it is the record's id
        """Settles a record without replaying it.

        Raises:
            NotFoundException: there is no such record.
            ConflictException: it is settled, or somebody else changed it just now.
        """
        store, record = await self._waiting(id)
        await self._note("discard", record)
        return await _written(store, replace(record, state=DeadLetterStateEnum.DISCARDED))

    async def replay(self, id: UUID) -> DeadLetterRecord:  # noqa: A002 - it is the record's id
        """Hands a message to its group once more; where that fails, the record waits on with the new reason.

        Raises:
            NotFoundException: there is no such record.
            ConflictException: it is settled, its group does not run here, or somebody changed it meanwhile.
        """
        store, record = await self._waiting(id)
        receiver = self._receivers.get(record.group)
        if receiver is None:
            raise ConflictException(f"{record.group} does not run in this process")
        await self._note("replay", record)
        match await receiver.receive(Delivery(record.envelope)):
            case Ack():
                return await _written(store, replace(record, state=DeadLetterStateEnum.REPLAYED))
            case Retry(reason=reason) | DeadLetter(reason=reason):
                return await _written(store, replace(record, reason=reason, attempts=record.attempts + 1))

    async def replay_all(self, query: DeadLetterQuery, *, most: int = MOST) -> Handled:
        """Replays the earliest of the records that are wanted; within a key, none after one that failed.

        Args:
            query: which records.
            most: how many at most.
        """
        done, failed = list[UUID](), dict[UUID, str]()
        blocked: set[tuple[str, str]] = set()
        async for record in self._earliest(query, most):
            lane = (record.group, record.envelope.key)
            if lane in blocked:
                failed[record.id] = "an earlier message of its key failed"
                continue
            try:
                after = await self.replay(record.id)
            except (ConflictException, NotFoundException) as fault:
                failed[record.id] = str(fault)
            else:
                if after.state is DeadLetterStateEnum.REPLAYED:
                    done.append(record.id)
                    continue
                failed[record.id] = after.reason
            blocked.add(lane)
        return Handled(tuple(done), failed)

    async def discard_all(self, query: DeadLetterQuery, *, most: int = MOST) -> Handled:
        """Discards the earliest of the records that are wanted.

        Args:
            query: which records.
            most: how many at most.
        """
        done, failed = list[UUID](), dict[UUID, str]()
        async for record in self._earliest(query, most):
            try:
                await self.discard(record.id)
            except (ConflictException, NotFoundException) as fault:
                failed[record.id] = str(fault)
            else:
                done.append(record.id)
        return Handled(tuple(done), failed)

    async def _earliest(self, query: DeadLetterQuery, most: int) -> AsyncIterator[DeadLetterRecord]:
        wanted = replace(query, state=DeadLetterStateEnum.WAITING, is_earliest_first=True)
        while most > 0:
            records = await self.page(replace(wanted, limit=min(most, MOST)))
            if not records:
                return
            for record in records:
                yield record
            wanted, most = replace(wanted, after=records[-1].id), most - len(records)

    async def _found(self, id: UUID) -> tuple[DeadLetterStore, DeadLetterRecord]:  # noqa: A002
        for store in self._stores:
            if (record := await store.get(id)) is not None:
                return store, record
        raise NotFoundException(f"there is no dead letter {id}")

    async def _waiting(self, id: UUID) -> tuple[DeadLetterStore, DeadLetterRecord]:  # noqa: A002
        store, record = await self._found(id)
        if record.state is not DeadLetterStateEnum.WAITING:
            raise ConflictException(f"the dead letter {id} was {record.state} before")
        return store, record


async def _written(store: DeadLetterStore, record: DeadLetterRecord) -> DeadLetterRecord:
    if not await store.change(record):
        raise ConflictException(f"the dead letter {record.id} was changed meanwhile")
    return replace(record, version=record.version + 1)


def _check_json(payload: bytes) -> None:
    try:
        json.loads(payload)
    except ValueError as fault:
        problem = f"this is no JSON: {fault}"
        raise ValidationException(problem, errors={"payload": [problem]}) from None
