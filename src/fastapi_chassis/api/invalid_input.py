"""Invalid input, field by field, in words that never repeat what was sent."""

from collections.abc import Mapping, Sequence
from typing import cast

from fastapi.exceptions import RequestValidationError

MAX_FIELDS = 50
_LONGEST_NAME = 100
_LONGEST_MESSAGE = 300
# these messages of pydantic quote the value
_QUOTING = {
    "union_tag_invalid": "Input is none of the kinds that are known",
    "uuid_parsing": "Input should be a valid UUID",
    "url_parsing": "Input should be a valid URL",
}


def errors_of(fault: RequestValidationError) -> dict[str, list[str]]:
    """Returns messages by field, at most 50 fields: a body of a million wrong fields is one small answer."""
    errors: dict[str, list[str]] = {}
    for one in cast("Sequence[Mapping[str, object]]", fault.errors()):
        place = _place(cast("Sequence[str | int]", one["loc"]), str(one["type"]))
        if place not in errors and len(errors) == MAX_FIELDS:
            break
        messages = errors.setdefault(place, [])
        message = _QUOTING.get(str(one["type"])) or str(one["msg"])[:_LONGEST_MESSAGE]
        if message not in messages and len(messages) < MAX_FIELDS:
            messages.append(message)
    return errors


def _place(location: Sequence[str | int], kind: str) -> str:
    """Names the field: without `body`, and without the offset at which malformed JSON broke."""
    first, *rest = location
    if kind == "json_invalid" or not rest:
        return str(first)
    return ".".join(str(step)[:_LONGEST_NAME] for step in rest)
