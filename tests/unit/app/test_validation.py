from typing import Annotated
from uuid import UUID, uuid4

import pytest
from pydantic import Field

from fastapi_chassis.app.validation import JsonAnswers, Validators, validator_for
from fastapi_chassis.application import Command, read_handler
from fastapi_chassis.domain import ValidationException, ValueObject, WiringError


class Rename(Command[UUID], public=True):
    title: Annotated[str, Field(min_length=1)]
    count: int = 0


class Strange:
    pass


class Odd(Command[None], public=True):
    thing: Strange


class Forward(Command[None], public=True):
    thing: "Nowhere"  # noqa: F821


async def rename(command: Rename) -> UUID:
    return uuid4()


@pytest.mark.requirement("DOM-3")
def test_a_message_is_checked_whoever_made_it():
    check = validator_for(Rename)
    check(Rename(title="a"))
    with pytest.raises(ValidationException) as wrong:
        check(Rename(title="", count="many"))  # type: ignore[arg-type]
    assert set(wrong.value.errors) == {"title", "count"}
    assert "many" not in str(wrong.value)


@pytest.mark.parametrize("message", [Odd, Forward])
def test_what_cannot_be_checked_is_a_finding(message):
    with pytest.raises(WiringError, match=f"{message.__name__} has a field that can't be checked"):
        validator_for(message)


@pytest.mark.requirement("DOM-2")
def test_what_cannot_be_checked_is_told_at_once():
    validators = Validators()
    for message in (Odd, Rename, Forward):
        validators(message)
    assert [finding.what.split()[0] for finding in validators.findings] == ["Odd", "Forward"]
    with pytest.raises(ValidationException):
        validators(Rename)(Rename(title=""))


@pytest.mark.requirement("DOM-7")
def test_an_answer_is_read_as_the_type_that_the_request_names():
    answer = uuid4()
    codec, handler = JsonAnswers(), read_handler(rename)
    assert codec.decode(codec.encode(answer), handler) == answer
    assert codec.encode(Rename(title="a")) == b'{"title":"a","count":0}'


def test_an_answer_of_a_request_further_up_is_read_too():
    class Shown(ValueObject):
        title: str

    class Show(Command[list[Shown]], public=True):
        pass

    class ShowAll(Show):
        pass

    async def show(command: ShowAll) -> list[Shown]:
        return []

    assert JsonAnswers().decode(b'[{"title":"a"}]', read_handler(show)) == [Shown(title="a")]
