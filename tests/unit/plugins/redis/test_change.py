from typing import Any

import pytest

from fastapi_chassis.plugins.redis.change import Change
from fastapi_chassis.plugins.redis.rows import Row

OLD, NEW = Row(1, b"old"), Row(2, b"new")


def change(stored: Row | None, row: Row | None) -> Change:
    nothing: Any = None
    return Change(nothing, "a", stored, row, {}, (), None, nothing, nothing)


@pytest.mark.parametrize(
    ("stored", "row", "verb"),
    [
        (None, NEW, "write"),
        (OLD, NEW, "write"),
        (OLD, OLD, "touch"),
        (OLD, None, "remove"),
    ],
)
def test_what_the_server_does_follows_from_before_and_after(
    stored: Row | None, row: Row | None, verb: str
) -> None:
    assert change(stored, row).verb == verb
    assert not change(stored, row).is_nothing


def test_what_was_not_there_and_is_not_there_is_nothing() -> None:
    assert change(None, None).is_nothing
