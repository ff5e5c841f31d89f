"""A checkout: the process of the tests, its messages, and a schedule that writes down what it is told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from fastapi_chassis.application import Command, Messages, ProcessManager, Timeout
from fastapi_chassis.domain import DomainEvent, IntegrationEvent


class OrderPlaced(IntegrationEvent):
    order_id: UUID


class PaymentReceived(IntegrationEvent):
    order_id: UUID


class OrderChanged(DomainEvent):
    order_id: UUID


class ReserveStock(Command[None], public=True):
    order_id: UUID


class ReleaseStock(Command[None], public=True):
    order_id: UUID


class PaymentDue(Timeout):
    reminders: int = 0


class Checkout(ProcessManager, key="order_id"):
    order_id: UUID
    paid: bool = False
    changes: int = 0

    async def on_order_placed(self, event: OrderPlaced) -> Messages:
        return (
            self.send(ReserveStock(order_id=self.order_id)),
            self.timeout(PaymentDue(), after=timedelta(minutes=15)),
        )

    async def on_payment_received(self, event: PaymentReceived) -> Messages:
        self.paid = True
        return self.complete()

    async def on_order_changed(self, event: OrderChanged) -> Messages:
        self.changes += 1
        return self.cancel(PaymentDue) if self.changes > 1 else None

    async def on_payment_due(self, timeout: PaymentDue) -> Messages:
        if timeout.reminders < 1:
            return self.timeout(PaymentDue(reminders=1), after=timedelta(minutes=5))
        return self.send(ReleaseStock(order_id=self.order_id)), self.complete()


@dataclass(frozen=True)
class Told:
    """One call of a schedule."""

    message: object
    in_: timedelta | None = None
    key: str = ""
    order: str = ""


@dataclass
class ScheduleBook:
    """A schedule that sends nothing."""

    told: list[Told] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    async def send(
        self,
        message: object,
        *,
        in_: timedelta | None = None,
        at: datetime | None = None,
        key: str = "",
        order: str = "",
    ) -> None:
        assert at is None
        self.told.append(Told(message, in_, key, order))

    async def cancel(self, key: str) -> bool:
        self.cancelled.append(key)
        return True
