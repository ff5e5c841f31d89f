from datetime import UTC, datetime, timedelta

from fastapi_chassis.application import Completed, ProcessManager, Sent, TimeoutCancelled, TimeoutSet
from fastapi_chassis.domain import new_id
from tests.unit.application.checkout import Checkout, OrderPlaced, PaymentDue, ReserveStock


def test_what_a_process_says_is_a_value() -> None:
    process, command = Checkout(order_id=new_id()), ReserveStock(order_id=new_id())
    assert process.send(command) == Sent(command)
    assert process.timeout(PaymentDue(), after=timedelta(1)) == TimeoutSet(PaymentDue(), timedelta(1))
    assert process.cancel(PaymentDue) == TimeoutCancelled(PaymentDue)
    assert process.complete() == Completed()


def test_the_identity_of_a_process_follows_from_its_key() -> None:
    class Other(Checkout):
        pass

    order_id = new_id()
    assert Checkout.id_of(order_id) == Checkout.id_of(order_id)
    assert Checkout.id_of(order_id) != Checkout.id_of(new_id())
    assert Checkout.id_of(order_id) != Other.id_of(order_id)


def test_a_name_outlives_a_renamed_class() -> None:
    class Till(ProcessManager, key="order_id", name="checkout"):
        order_id: str

    assert Till.id_of("a") == Checkout.id_of("a")


def test_the_class_line_says_how_a_process_is_found_and_begun() -> None:
    class Strict(Checkout, starts=[OrderPlaced]):
        pass

    assert (Strict.process_name, Strict.process_key) == ("strict", "order_id")
    assert Strict.process_starts == (OrderPlaced,)
    assert Checkout.process_starts == ()


def test_a_process_is_over_when_it_says_so() -> None:
    assert not Checkout(order_id=new_id()).is_complete
    assert Checkout(order_id=new_id(), completed_at=datetime.now(UTC)).is_complete
