from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import AnyUrl, ByteSize, Field, TypeAdapter, ValidationError

from fastapi_chassis.config.wording import choices_of, found, is_about_the_value, what_is_wrong


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize(
    ("wanted", "value", "words"),
    [
        (int, "x", "expected a whole number, found text"),
        (int, 1.5, "expected a whole number, found a number"),
        (float, [], "expected a number, found a list"),
        (bool, 5, "expected true or false, found a whole number"),
        (str, True, "expected text, found true or false"),
        (list[int], {}, "expected a list, found a section of keys"),
        (tuple[int, ...], 1, "expected a list, found a whole number"),
        (dict[str, int], "", "expected a section of keys, found an empty text"),
        (date, "x", "expected a date, as 2026-01-31, found text"),
        (timedelta, "x", "expected a duration, as seconds or PT30S, found text"),
        (Decimal, "x", "expected a number, found text"),
        (UUID, "x", "expected a UUID, found text"),
        (AnyUrl, "x", "expected a URL, found text"),
        (IPv4Address, "x", "expected an IP address, found text"),
        (ByteSize, "x", "expected a size, as 1 MiB, found text"),
        (Colour, "green", "expected one of red or blue, found text"),
        (None, 1, "expected nothing, found a whole number"),
        (Annotated[int, Field(gt=5)], 5, "must be more than 5"),
        (Annotated[int, Field(ge=5)], 4, "must be 5 or more"),
        (Annotated[int, Field(lt=5)], 5, "must be less than 5"),
        (Annotated[int, Field(le=5)], 6, "must be 5 or less"),
        (Annotated[str, Field(min_length=2)], "a", "must have 2 or more characters"),
        (Annotated[str, Field(pattern="^a$")], "b", "does not match the pattern ^a$"),
        (Annotated[list[int], Field(min_length=1)], [], "must have 1 or more entries"),
        (
            Annotated[float, Field(allow_inf_nan=False)],
            float("inf"),
            "expected a finite number, found a number",
        ),
    ],
)
def test_plain_words(wanted: object, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(wanted).validate_python(value)
    (error,) = caught.value.errors()
    assert what_is_wrong(error) == words
    assert is_about_the_value(error)


def test_choices() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Colour).validate_python("green")
    assert choices_of(caught.value.errors()[0]) == ["red", "blue"]


def test_what_is_not_in_the_table_is_as_pydantic_says() -> None:
    error = {"type": "strange", "loc": (), "msg": "Input is strange", "input": 5}
    assert what_is_wrong(error) == "input is strange"  # type: ignore[arg-type]  # a made-up error
    assert not is_about_the_value(error)  # type: ignore[arg-type]  # a made-up error


def test_kinds() -> None:
    assert found(None) == "nothing"
    assert found(object()) == "object"
