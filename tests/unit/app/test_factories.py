import inspect
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Annotated, Protocol

import pytest

from fastapi_chassis.app.factories import is_abstract, narrowed, needs_of
from fastapi_chassis.domain import BaseEntity


class Mailer:
    pass


class Shop:
    def __init__(self, mailer: Mailer, retries: int = 3) -> None:
        self.mailer, self.retries = mailer, retries


class Plain:
    pass


class Maker:
    def __call__(self, mailer: Mailer) -> Shop:
        return Shop(mailer, 1)


class Counter:
    @classmethod
    def of(cls, mailer: Mailer) -> "Counter":
        return cls()


def variadic(mailer: Mailer, *rest: object, **named: object) -> Shop:
    return Shop(mailer)


def marked(mailer: Annotated[Mailer, "smtp"]) -> Shop:
    return Shop(mailer)


FACTORIES = {
    "class with a default": Shop,
    "function with variadic parameters": variadic,
    "annotated": marked,
    "callable object": Maker(),
    "class method": Counter.of,
    "partial": partial(Shop, retries=5),
}


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_what_has_no_default_is_needed(factory):
    assert dict(needs_of(factory)) == {"mailer": Mailer}


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_narrowed_its_signature_says_what_it_needs_and_nothing_else(factory):
    made = narrowed(factory)
    parameters = inspect.signature(made).parameters
    assert {name: one.annotation for name, one in parameters.items()} == {"mailer": Mailer}
    assert made(mailer=Mailer()) is not None


def test_what_is_narrow_already_stays_what_it_is():
    def plain(mailer: Mailer) -> Shop:
        return Shop(mailer)

    assert narrowed(plain) is plain
    assert narrowed(Plain) is Plain


def test_a_class_without_init_needs_nothing():
    assert needs_of(Plain) == {}


@pytest.mark.parametrize(
    "factory", [lambda mailer: mailer, type("Odd", (), {"__init__": lambda self, x: None})]
)
def test_a_parameter_without_annotation_is_no_guess(factory):
    with pytest.raises(TypeError, match="has no annotation"):
        needs_of(factory)


def test_an_annotation_that_cannot_be_read_is_said():
    def broken(mailer: "Nobody") -> None:  # noqa: F821
        pass

    with pytest.raises(TypeError, match="Nobody"):
        needs_of(broken)


async def test_narrowed_generators_stay_generators():
    ended = []

    def sync(mailer: Mailer, n: int = 1) -> Iterator[int]:
        yield n
        ended.append("sync")

    async def later(mailer: Mailer, n: int = 2) -> AsyncIterator[int]:
        yield n
        ended.append("async")

    async def coroutine(mailer: Mailer, n: int = 3) -> int:
        return n

    assert list(narrowed(sync)(mailer=Mailer())) == [1]
    assert [one async for one in narrowed(later)(mailer=Mailer())] == [2]
    assert await narrowed(coroutine)(mailer=Mailer()) == 3
    assert ended == ["sync", "async"]
    assert inspect.isgeneratorfunction(narrowed(sync))
    assert inspect.isasyncgenfunction(narrowed(later))
    assert inspect.iscoroutinefunction(narrowed(coroutine))


def test_protocols_and_open_classes_are_abstract():
    class Port(Protocol):
        def send(self) -> None: ...

    class Filled(Port):
        def send(self) -> None: ...

    assert is_abstract(Port)
    assert not is_abstract(Filled)
    assert not is_abstract(BaseEntity)
    assert not is_abstract(variadic)
