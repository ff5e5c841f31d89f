"""Outcome: what a consumer says of a delivery; the transport acts on it."""

from dataclasses import dataclass, field
from datetime import timedelta

from fastapi_chassis.messaging.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Retry:
    """The message shall come again.

    Args:
        delay: how long to wait before.
        reason: why, for the log; no secrets.
        error_type: the same in one word, for metrics.
    """

    delay: timedelta
    reason: str = ""
    error_type: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The message can't be handled and is set aside.

    Args:
        reason: why; at most 8 KiB are kept.
        error_type: the same in one word, for metrics.
        envelope: the message as it was handled, where that is not as it came.
    """

    reason: str
    error_type: str = field(default="", compare=False)
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """The message has had its effect, or had it before.

    Args:
        kept: what would have become of it, had it not been kept among the service's own dead letters.
    """

    kept: DeadLetter | None = field(default=None, compare=False)


type Outcome = Ack | Retry | DeadLetter
