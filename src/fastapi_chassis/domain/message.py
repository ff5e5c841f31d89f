"""Message: a frozen value with a name, the root of every command, query and event."""

import re
from typing import ClassVar

from fastapi_chassis.domain.value_object import ValueObject

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Turns `HTTPRouteAdded` into `http_route_added`."""
    return _WORD_START.sub("_", name).lower()


class Message(ValueObject):
    """A frozen value that travels: commands, queries and events are messages.

    A subclass is a class body of annotations. It serves as a FastAPI body, stands in OpenAPI, and its
    constraints are written with `Annotated`.

    Args:
        name: the name by which other processes know the message; the class name in snake case by default.
    """

    message_name: ClassVar[str] = "message"
    # read by pydantic when a message is validated at a door
    __pydantic_config__: ClassVar[dict[str, object]] = {
        "extra": "forbid",
        "allow_inf_nan": False,
        "revalidate_instances": "always",
    }

    def __init_subclass__(cls, *, name: str | None = None, **options: object) -> None:
        super().__init_subclass__(**options)
        cls.message_name = name or snake_case(cls.__name__)
