"""MessageContext: who asks, in which conversation and until when; carried beside the message."""

from collections.abc import Mapping
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


class use_context:  # noqa: N801 - it is called like a function
    """Makes a context the current one for a block.

    Args:
        context: the context.
    """

    __slots__ = ("_context", "_token")

    def __init__(self, context: MessageContext) -> None:
        self._context = context

    def __enter__(self) -> MessageContext:
        self._token = _CURRENT.set(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._token)
