from uuid import UUID

import pytest

from fastapi_chassis.app import ServiceModule
from fastapi_chassis.app.processes import with_processes
from fastapi_chassis.application import AbstractRepository, ProcessManager
from fastapi_chassis.domain import BaseAggregate
from tests.unit.application.checkout import Checkout


class Order(BaseAggregate):
    pass


class Till(Checkout, name="checkout"):
    pass


class Keyless(ProcessManager):
    pass


def names(functions: object) -> list[str]:
    return [one.__name__ for one in functions]  # type: ignore[attr-defined]  # functions


def test_a_module_gets_what_its_process_managers_come_to() -> None:
    orders = AbstractRepository[Order, UUID]
    module = ServiceModule("orders", repositories=(orders,), process_managers=(Checkout,))  # type: ignore[arg-type]  # a repository
    (extended,), findings = with_processes([module])
    assert findings == []
    assert names(extended.handlers) == ["checkout_on_order_changed", "checkout_on_payment_due"]
    assert names(extended.consumers) == ["checkout_on_order_placed", "checkout_on_payment_received"]
    assert list(extended.repositories) == [orders, AbstractRepository[Checkout, UUID]]


def test_a_module_without_any_stays_as_it_is() -> None:
    module = ServiceModule("orders")
    assert with_processes([module]) == ((module,), [])


@pytest.mark.requirement("MSG-9")
def test_two_of_one_name_are_a_finding() -> None:
    modules = [ServiceModule("a", process_managers=(Checkout,)), ServiceModule("b", process_managers=(Till,))]
    _, (finding,) = with_processes(modules)
    assert "two process managers are called checkout" in finding.what


def test_what_can_not_be_read_is_left_out_and_told() -> None:
    module = ServiceModule("orders", process_managers=(Keyless,))
    (extended,), findings = with_processes([module])
    assert extended == module
    assert any("has no key" in finding.what for finding in findings)
