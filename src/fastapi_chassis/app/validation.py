"""Validation of messages by their annotations, and answers written as JSON."""

from collections.abc import Callable
from functools import cache
from typing import cast, get_args, get_origin

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import to_json

from fastapi_chassis.application import Handler, Request
from fastapi_chassis.domain import Finding, Message, ValidationException, WiringError


def validator_for(message: type[Message]) -> Callable[[Message], None]:
    """Compiles the check of one message type.

    Raises:
        WiringError: an annotation that can't be checked.
    """
    try:
        check = TypeAdapter(message).validator.validate_python
    except (PydanticUserError, NameError) as fault:
        raise WiringError(
            Finding(
                f"{message.__name__} has a field that can't be checked: {str(fault).splitlines()[0]}",
                remedy="use types that pydantic knows, or a dataclass of such.",
            )
        ) from fault

    def validate(one: Message) -> None:
        try:
            check(one, strict=False)
        except ValidationError as fault:
            raise ValidationException(f"{message.__name__} is not valid", errors=_by_field(fault)) from None

    return validate


class Validators:
    """Compiles the checks of message types, and keeps what is wrong with them for one report."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def __call__(self, message: type[Message]) -> Callable[[Message], None]:
        """Compiles the check of one message type; of a faulty one only the finding is kept."""
        try:
            return validator_for(message)
        except WiringError as fault:
            self.findings += fault.findings
            return _unchecked


def _unchecked(_: Message) -> None:
    return None


def _by_field(fault: ValidationError) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for one in fault.errors(include_url=False, include_input=False):
        errors.setdefault(".".join(map(str, one["loc"])), []).append(one["msg"])
    return errors


@cache
def _answer(message: type) -> TypeAdapter[object]:
    for kind in message.__mro__:
        for base in getattr(kind, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Request):
                return cast("TypeAdapter[object]", TypeAdapter(get_args(base)[0]))
    return TypeAdapter(object)


class JsonAnswers:
    """Writes requests and answers as JSON, so that a repeated request can be answered again."""

    def encode(self, value: object) -> bytes:
        """Writes a value."""
        return to_json(value)

    def decode(self, answer: bytes, handler: Handler) -> object:
        """Reads an answer as the type that the request names."""
        message: type = handler.message
        return _answer(message).validate_json(answer)
