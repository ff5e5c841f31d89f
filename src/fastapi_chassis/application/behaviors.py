"""The common behaviours, in the order in which every message passes them."""

import hashlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from time import perf_counter
from typing import Protocol, cast

from fastapi_chassis.application.context import current_context, use_context
from fastapi_chassis.application.handlers import Handler
from fastapi_chassis.application.idempotency import StoredAnswer, idempotency_for
from fastapi_chassis.application.messages import Command, Policy, Request
from fastapi_chassis.application.pipeline import Behavior, Step
from fastapi_chassis.application.transaction import in_transaction
from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork
from fastapi_chassis.domain import (
    AppException,
    ForbiddenException,
    Message,
    UnauthenticatedException,
    ValidationException,
)

_log = logging.getLogger("fastapi_chassis.mediator")


class Tracer(Protocol):
    """Opens spans."""

    def span(self, name: str, attributes: dict[str, str]) -> AbstractContextManager[object]:
        """Returns a span that covers the block."""
        ...


class AnswerCodec(Protocol):
    """Writes answers and requests as bytes; needed only to remember them."""

    def encode(self, value: object) -> bytes:
        """Writes a value, always in the same way."""
        ...

    def decode(self, answer: bytes, handler: Handler) -> object:
        """Reads what this handler answered."""
        ...


class TraceBehavior:
    """One span around the handling of a message.

    Args:
        tracer: opens the spans; None where nothing is traced, which costs nothing.
    """

    name = "trace"

    def __init__(self, tracer: Tracer | None) -> None:
        self._tracer = tracer

    def behavior_for(self, handler: Handler) -> Behavior | None:
        """Takes part wherever there is a tracer."""
        tracer = self._tracer
        if tracer is None:
            return None
        title = f"handle {handler.message.__name__}"
        attributes = {"chassis.message": handler.message.message_name, "chassis.handler": handler.name}

        async def trace(message: Message, next: Step, /) -> object:  # noqa: A002
            with tracer.span(title, attributes):
                return await next(message)

        return trace


class LogBehavior:
    """One line per message: its name, its outcome and how long it took; never its content."""

    name = "log"

    def behavior_for(self, handler: Handler) -> Behavior:
        """Takes part everywhere."""
        name = handler.message.message_name

        async def log(message: Message, next: Step, /) -> object:  # noqa: A002
            if not _log.isEnabledFor(logging.INFO):
                return await next(message)
            began = perf_counter()
            outcome = "failed"
            try:
                result = await next(message)
                outcome = "done"
            except AppException as told:
                outcome = told.error_code
                raise
            finally:
                elapsed = round((perf_counter() - began) * 1000, 3)
                _log.info(
                    "%s %s", name, outcome, extra={"message_name": name, "outcome": outcome, "ms": elapsed}
                )
            return result

        return log


class AuthoriseBehavior:
    """Lets a message pass only from a caller who holds what its policy requires."""

    name = "authorise"

    def behavior_for(self, handler: Handler) -> Behavior | None:
        """Takes part unless the message is public."""
        policy = cast("type[Request[object]]", handler.message).policy or Policy(("*",))
        if policy.public:
            return None
        required = policy.requires

        async def authorise(message: Message, next: Step, /) -> object:  # noqa: A002
            principal = current_context().principal
            if principal is None:
                raise UnauthenticatedException("this needs a caller who is known")
            for permission in required:
                if not principal.may(permission):
                    raise ForbiddenException("the caller may not do this", details={"permission": permission})
            return await next(message)

        return authorise


class ValidateBehavior:
    """Checks a message against its annotations, whichever door it came through.

    Args:
        validator_for: makes the check of one message type; it raises ValidationException.
    """

    name = "validate"

    def __init__(self, validator_for: Callable[[type[Message]], Callable[[Message], None]]) -> None:
        self._validator_for = validator_for

    def behavior_for(self, handler: Handler) -> Behavior:
        """Takes part everywhere."""
        check = self._validator_for(handler.message)

        async def validate(message: Message, next: Step, /) -> object:  # noqa: A002
            check(message)
            return await next(message)

        return validate


class IdempotencyBehavior:
    """Answers a repeated command as the first time, without doing the work again.

    It opens the transaction itself, so the answer is stored with the work or not at all.

    Args:
        codec: writes answers as bytes.
    """

    name = "idempotency"

    def __init__(self, codec: AnswerCodec) -> None:
        self._codec = codec

    def behavior_for(self, handler: Handler) -> Behavior | None:
        """Takes part in commands."""
        if not issubclass(handler.message, Command):
            return None
        codec, is_remembered = self._codec, handler.message.remembered

        async def idempotency(message: Message, next: Step, /) -> object:  # noqa: A002
            context = current_context()
            if context.idempotency_key is None:
                return await next(message)
            own = replace(context, idempotency_key=None)  # the key names this command only
            if not is_remembered:
                with use_context(own):
                    return await next(message)
            subject = context.principal.subject if context.principal else ""
            key = f"{handler.message.message_name}:{subject}:{context.idempotency_key}"
            fingerprint = hashlib.sha256(codec.encode(message)).hexdigest()

            async def answer(unit_of_work: AbstractUnitOfWork) -> object:
                store = idempotency_for(unit_of_work.session)
                stored = await store.reserve(key, fingerprint)
                if stored is not None:
                    return _repeated(stored, fingerprint, codec, handler)
                with use_context(own):
                    result = await next(message)
                await store.keep(key, StoredAnswer(fingerprint, codec.encode(result)))
                return result

            return await in_transaction(handler, answer)

        return idempotency


def _repeated(stored: StoredAnswer, fingerprint: str, codec: AnswerCodec, handler: Handler) -> object:
    if stored.fingerprint != fingerprint:
        raise ValidationException(
            "this Idempotency-Key was used for another request", error_code="IDEMPOTENCY_KEY_REUSED"
        )
    return codec.decode(stored.answer, handler)
