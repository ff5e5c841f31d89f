"""create_integration_event_mediator(): a mediator that tells other services what happened inside."""

from typing import override

from fastapi_chassis.application import Mediator, Request
from fastapi_chassis.domain import DomainEvent, Event
from fastapi_chassis.messaging.event_publisher import EventPublisher
from fastapi_chassis.messaging.mapper import EventMapper


class IntegrationEventMediator(Mediator):
    """Publishes, of each domain event, the integration events that it maps to.

    Args:
        base: handles requests and domain events.
        publisher: takes the integration events.
        mapper: says which domain event becomes which.
    """

    def __init__(self, base: Mediator, publisher: EventPublisher, mapper: EventMapper) -> None:
        super().__init__()
        self.roads = base.roads
        self._base = base
        self._publisher = publisher
        self._mapper = mapper

    @override
    async def send[R](self, message: Request[R]) -> R:
        """Has a request handled and returns its answer."""
        return await self._base.send(message)

    @override
    async def publish(self, event: Event) -> None:
        """Tells every handler of a domain event, then publishes what it maps to."""
        await self._base.publish(event)
        if isinstance(event, DomainEvent):
            for recorded in self._mapper.map(event):
                await self._publisher.publish(recorded.event, key=recorded.aggregate_id)


def create_integration_event_mediator(
    base_mediator: Mediator, publisher: EventPublisher, mapper: EventMapper
) -> IntegrationEventMediator:
    """Wraps a mediator; a unit of work whose `dispatch` is its `publish` sends what commands bring about."""
    return IntegrationEventMediator(base_mediator, publisher, mapper)
