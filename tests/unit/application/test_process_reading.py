from uuid import UUID

import pytest

from fastapi_chassis.application import Command, Messages, ProcessManager, Timeout, read_process
from fastapi_chassis.domain import IntegrationEvent, Message
from tests.unit.application.checkout import (
    Checkout,
    OrderChanged,
    OrderPlaced,
    PaymentDue,
    PaymentReceived,
    ReserveStock,
)


class Numbered(IntegrationEvent):
    order_id: int


class Silent(IntegrationEvent):
    pass


def told(manager: type[ProcessManager]) -> str:
    _, findings = read_process(manager)
    return "\n".join(map(str, findings))


def test_methods_are_found_by_what_they_take() -> None:
    form, findings = read_process(Checkout)
    assert findings == []
    assert form.methods == {
        OrderPlaced: "on_order_placed",
        PaymentReceived: "on_payment_received",
        OrderChanged: "on_order_changed",
        PaymentDue: "on_payment_due",
    }
    assert form.timeouts == (PaymentDue,)
    assert set(form.events) == {OrderPlaced, PaymentReceived, OrderChanged}


def test_any_event_begins_a_process_unless_some_are_named() -> None:
    class Strict(Checkout, starts=(OrderPlaced,)):
        pass

    form, _ = read_process(Checkout)
    strict, _ = read_process(Strict)
    assert [form.may_begin(event) for event in (OrderPlaced, PaymentReceived)] == [True, True]
    assert [strict.may_begin(event) for event in (OrderPlaced, PaymentReceived)] == [True, False]


class Keyless(ProcessManager):
    async def on_order_placed(self, event: OrderPlaced) -> Messages: ...


class Fieldless(ProcessManager, key="order_id"):
    async def on_order_placed(self, event: OrderPlaced) -> Messages: ...


class Bare(ProcessManager, key="order_id"):
    order_id: UUID
    total: int

    async def on_order_placed(self, event: OrderPlaced) -> Messages: ...


class Unasked(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_payment_due(self, _: PaymentDue) -> Messages: ...


class Unannotated(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_order_placed(self, event) -> Messages: ...  # type: ignore[no-untyped-def]  # the fault


class Commanded(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_reserve(self, command: ReserveStock) -> Messages: ...


class Unknown(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_order_placed(self, event: "Missing") -> Messages: ...  # type: ignore[name-defined]  # noqa: F821 - the fault


class Greedy(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_order_placed(self, event: OrderPlaced, command: Command[None]) -> Messages: ...


class Blocking(ProcessManager, key="order_id"):
    order_id: UUID

    def on_order_placed(self, event: OrderPlaced) -> Messages: ...


class Doubled(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_order_placed(self, event: OrderPlaced) -> Messages: ...
    async def on_placed(self, event: OrderPlaced) -> Messages: ...


class Blind(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_silent(self, event: Silent) -> Messages: ...


class Mistyped(ProcessManager, key="order_id"):
    order_id: UUID

    async def on_numbered(self, event: Numbered) -> Messages: ...


class Late(ProcessManager, key="order_id", starts=(PaymentReceived,)):
    order_id: UUID

    async def on_order_placed(self, event: OrderPlaced) -> Messages: ...


@pytest.mark.requirement("MSG-9")
@pytest.mark.parametrize(
    ("manager", "finding"),
    [
        (Keyless, "has no key"),
        (Fieldless, "has no field order_id, its key"),
        (Bare, "total has no default"),
        (Unasked, "takes no event, so nothing begins it"),
        (Unannotated, "on_order_placed takes None"),
        (Commanded, "on_reserve takes ReserveStock, which moves no process on"),
        (Unknown, "can't be read: name 'Missing' is not defined"),
        (Greedy, "asks for command"),
        (Blocking, "is not async"),
        (Doubled, "by on_order_placed and by on_placed"),
        (Blind, "Silent has no field order_id"),
        (Mistyped, "order_id is int in Numbered and UUID in Mistyped"),
        (Late, "starts with PaymentReceived, which none of its methods takes"),
    ],
)
def test_what_is_wrong_is_a_finding(manager: type[ProcessManager], finding: str) -> None:
    assert finding in told(manager)


def test_a_timeout_is_a_message_of_its_own_kind() -> None:
    assert issubclass(Timeout, Message)
