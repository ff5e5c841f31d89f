"""Outcome: what a consumer says of a delivery; the transport acts on it."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Ack:
    """The message has had its effect, or had it before."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The message shall come again.

    Args:
        delay: how long to wait before.
        reason: why, for the log; no secrets.
    """

    delay: timedelta
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The message can't be handled and is set aside.

    Args:
        reason: why; at most 8 KiB are kept.
    """

    reason: str


type Outcome = Ack | Retry | DeadLetter
