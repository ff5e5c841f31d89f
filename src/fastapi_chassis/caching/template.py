"""KeyTemplate: the text that names a cached value, filled with the arguments of a call."""

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from string import Formatter
from typing import cast
from urllib.parse import quote
from uuid import UUID

type Arguments = tuple[tuple[object, ...], Mapping[str, object]]

_PLAIN = re.compile(r"[A-Za-z0-9_.@+-]*")
_LONGEST = 400


class KeyTemplate:
    """A text such as `item:{item_id}`; a name in braces is an argument, or a field of the message.

    Args:
        text: the template.
        parameters: of the function.
        message: the type of the first parameter, if it has fields.

    Raises:
        TypeError: a name is neither, or the text is no template.
    """

    def __init__(
        self, text: str, parameters: Sequence[inspect.Parameter], message: type | None = None
    ) -> None:
        self._parts: list[tuple[str, Callable[[Arguments], object] | None]] = []
        try:
            parsed = list(Formatter().parse(text))
        except ValueError as fault:
            raise TypeError(f"{text!r} is no template: {fault}") from None
        for literal, name, specification, conversion in parsed:
            if "%" in literal:
                raise TypeError(f"{text!r} holds a percent sign, which stands for escaped characters")
            if specification or conversion or (name is not None and not name.isidentifier()):
                raise TypeError(f"{text!r} may hold names in braces only, as in item:{{item_id}}")
            getter = None if name is None else _getter(name, text, parameters, message)
            self._parts.append((literal, getter))

    def filled(self, *arguments: object, **named: object) -> str:
        """Returns the key of a call; a very long one ends with a digest.

        Raises:
            TypeError: an argument is missing, or can't be part of a key.
        """
        return self.fill((arguments, named))

    def fill(self, call: Arguments) -> str:
        """Returns the key of a call, given as a tuple and a mapping."""
        key = "".join(
            [
                literal + (_escaped(getter(call)) if getter is not None else "")
                for literal, getter in self._parts
            ]
        )
        if len(key) <= _LONGEST:
            return key
        return f"{key[:_LONGEST]}%{hashlib.sha256(key.encode()).hexdigest()}"


def _getter(
    name: str, text: str, parameters: Sequence[inspect.Parameter], message: type | None
) -> Callable[[Arguments], object]:
    names = [parameter.name for parameter in parameters]
    if name in names:
        return _argument(parameters[names.index(name)], names.index(name))
    of_message = [one.name for one in fields(message)] if is_dataclass(message) else []
    if name not in of_message:
        known = ", ".join(dict.fromkeys([*of_message, *names])) or "none"
        raise TypeError(f"{text!r} asks for {name}, which is no argument: there are {known}")
    whole = _argument(parameters[0], 0)
    return lambda call: getattr(whole(call), name)


def _argument(parameter: inspect.Parameter, place: int) -> Callable[[Arguments], object]:
    name, default = parameter.name, parameter.default

    def argument(call: Arguments) -> object:
        positional, named = call
        if place < len(positional):
            return positional[place]
        if name in named:
            return named[name]
        if default is inspect.Parameter.empty:
            raise TypeError(f"the key needs the argument {name}")
        return cast("object", default)

    return argument


def _escaped(value: object) -> str:
    match value:
        case str() if not isinstance(value, Enum):
            return (
                value if _PLAIN.fullmatch(value) else quote(value.encode("utf-8", "surrogatepass"), safe="")
            )
        case None:
            return "%-"
        case Enum():
            return _escaped(value.value)
        case bool() | int() | UUID() | Decimal():
            return str(value)
        case date():
            return value.isoformat().replace(":", "")
        case bytes():
            return value.hex()
        case _:
            raise TypeError(
                f"a {type(value).__name__} can't be part of a key: take a text, number, time or identifier"
            )
