"""DeadLetterPlaces: where the consumers of a service keep what they give up, and who is told of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from fastapi_chassis.app.plugin_order import AnyPlugin, requirements_of
from fastapi_chassis.app.store import KeepsDeadLetters
from fastapi_chassis.app.stores import StorePlace
from fastapi_chassis.application import current_context
from fastapi_chassis.audit import ANONYMOUS, AuditEvent, audit_store_for
from fastapi_chassis.domain import NotFoundException, SystemClock
from fastapi_chassis.messaging import (
    DeadLetterConfig,
    DeadLetterKeeping,
    DeadLetterRecord,
    DeadLetters,
    DeadLetterStore,
    Purge,
    Receiver,
    RetryConfig,
    Transport,
)

_log = logging.getLogger("fastapi_chassis.messaging.dead_letters")


def only_carriers(plugins: Sequence[AnyPlugin]) -> frozenset[str]:
    """Names the plugins that carry messages and do nothing else, and that no other requires."""
    required = {name for plugin in plugins for name in requirements_of(plugin, plugins)}
    carrying = {plugin.instance for plugin in plugins if tuple(plugin.provides) == (Transport,)}
    return frozenset(carrying - required)


@dataclass(frozen=True, slots=True)
class DeadLetterPlaces:
    """Which consumer group keeps its dead letters in which store.

    Args:
        service: the service's name, for the audit.
        config: whether they are kept at all, and for how long.
        groups: the store of each consumer group that runs in this process.
        places: every store in use; groups of other processes may keep theirs in them.
    """

    service: str
    config: DeadLetterConfig
    groups: Mapping[str, StorePlace]
    places: Sequence[StorePlace]

    def of(self, group: str) -> DeadLetterStore | None:
        """Returns the store of a group's dead letters; None where they are left to the broker."""
        place = self.groups.get(group)
        return None if place is None else self._in(place)

    def keeping[Taker: Receiver](self, consumer: Taker, retry: RetryConfig) -> Taker | DeadLetterKeeping:
        """Has a consumer keep its dead letters, where its store can."""
        store = self.of(consumer.subscription.group)
        return consumer if store is None else DeadLetterKeeping(consumer, store, SystemClock(), retry)

    def purges(self) -> list[Purge]:
        """Makes what removes old records, once for each store."""
        used = {place.name: self._in(place) for place in self.groups.values()}
        return [
            Purge("the dead letters", partial(self._removed, store), self.config)
            for store in used.values()
            if store is not None
        ]

    async def _removed(self, store: DeadLetterStore, *, limit: int) -> int:
        removed = await store.purge(timedelta(seconds=self.config.retention), limit=limit)
        if removed:
            _log.warning("%d dead letters were removed: their time was over", removed)
        return removed

    def desk(self, receivers_here: Sequence[Receiver]) -> DeadLetters:
        """Makes what an operator works with; a replay goes to these receivers."""
        receivers = {one.subscription.group: one for one in receivers_here}
        return DeadLetters(tuple(self._stores().values()), receivers, self._note)

    @property
    def names(self) -> tuple[str, ...]:
        """The stores that keep them."""
        return tuple(self._stores())

    def _in(self, place: StorePlace) -> DeadLetterStore | None:
        if self.config.store == "broker" or not isinstance(place.store, KeepsDeadLetters):
            return None
        return place.store.dead_letters()

    def _stores(self) -> dict[str, DeadLetterStore]:
        found = ((place.name, self._in(place)) for place in self.places)
        return {name: store for name, store in found if store is not None}

    async def _place_of(self, record: DeadLetterRecord) -> StorePlace:
        if (own := self.groups.get(record.group)) is not None:
            return own
        for place in self.places:
            store = self._in(place)
            if store is not None and await store.get(record.id) is not None:
                return place
        raise NotFoundException(f"there is no dead letter {record.id}")

    async def _note(self, action: str, record: DeadLetterRecord) -> None:
        context = current_context()
        event = AuditEvent(
            actor=context.principal.subject if context.principal else ANONYMOUS,
            action=f"dead_letter.{action}",
            at=SystemClock().now(),
            place=self.service,
            entity="dead_letter",
            entity_id=str(record.id),
            correlation_id=context.correlation_id,
            tenant=context.tenant or "",
            details={
                "group": record.group,
                "message": str(record.envelope.id),
                "type": record.envelope.type,
                "version": record.version,
            },
        )
        async with (await self._place_of(record)).own_work() as work:
            await audit_store_for(work.session).append([event])
            await work.commit()
