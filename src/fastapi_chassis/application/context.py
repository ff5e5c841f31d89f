"""MessageContext: who asks, in which conversation and until when; carried beside the message."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fastapi_chassis.application.messages import AUTHENTICATED


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling.

    Args:
        subject: identifies the caller within its issuer.
        permissions: what it may do; `*` is everything.
        claims: what else the proof of identity said.
    """

    subject: str
    permissions: frozenset[str] = frozenset()
    claims: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    def may(self, permission: str) -> bool:
        """Whether the caller holds a permission."""
        return permission == AUTHENTICATED or permission in self.permissions or "*" in self.permissions


SYSTEM = Principal("system", frozenset({"*"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """What travels beside a message.

    Args:
        correlation_id: one conversation across services.
        principal: the caller, where known.
        tenant: whose data this is, in a service for several.
        idempotency_key: the caller's name for this very attempt.
        deadline: when the answer is of no more use, on the event loop's clock in seconds.
        headers: what goes along with every message that follows, such as `traceparent`.
    """

    correlation_id: str = ""
    principal: Principal | None = None
    tenant: str | None = None
    idempotency_key: str | None = None
    deadline: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_EMPTY = MessageContext()
_CURRENT: ContextVar[MessageContext] = ContextVar("message_context", default=_EMPTY)


def current_context() -> MessageContext:
    """Returns the context of the message that is being handled; an empty one outside of any."""
    return _CURRENT.get()


@contextmanager
def use_context(context: MessageContext) -> Iterator[MessageContext]:
    """Makes a context the current one for a block."""
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)
