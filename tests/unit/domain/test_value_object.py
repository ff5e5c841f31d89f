from dataclasses import FrozenInstanceError

import pytest

from fastapi_chassis.domain import ValueObject


class Money(ValueObject):
    amount: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("money is never negative")


class Price(Money):
    per: str = "piece"


@pytest.mark.requirement("DOM-1")
def test_equal_is_what_has_the_same_content() -> None:
    assert Money(amount=1) == Money(amount=1, currency="EUR")
    assert Money(amount=1) != Money(amount=2)
    assert Money(amount=1) != Price(amount=1)
    assert len({Money(amount=1), Money(amount=1)}) == 1


@pytest.mark.requirement("DOM-1")
def test_it_never_changes() -> None:
    money = Money(amount=1)
    with pytest.raises(FrozenInstanceError):
        money.amount = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del money.amount


def test_arguments_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Money(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Money(amount=1, unknown=2)  # type: ignore[call-arg]


def test_replace_makes_a_checked_copy() -> None:
    price = Price(amount=1, per="kilo")
    assert price.replace(amount=2) == Price(amount=2, per="kilo")
    assert price.amount == 1
    with pytest.raises(ValueError, match="negative"):
        price.replace(amount=-1)
    with pytest.raises(TypeError):
        price.replace(unknown=1)
