"""Transport: the port to a broker; takes batches and hands out deliveries."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to hand a message to a consumer group.

    Args:
        envelope: the message.
        attempt: counts from 1.
        unreadable: why it is no message, if it is none; then the envelope only stands in for what came, and
            no handler must have it.
    """

    envelope: Envelope
    attempt: int = 1
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who wants what.

    Args:
        group: one copy of each message goes to each group, to one member of it.
        destinations: the topics.
        concurrency: how many deliveries may be handled at once; those of one key never are.
    """

    group: str
    destinations: frozenset[str]
    concurrency: int = 10


type Receive = Callable[[Delivery], Awaitable[Outcome]]


class Subscribed(Protocol):
    """A running subscription."""

    async def stop(self) -> None:
        """Takes no more deliveries, and returns when every one that it holds is settled."""
        ...


class PublishFailed(Exception):  # noqa: N818 - an outcome of the port, handled by the relay
    """Some messages of a batch were not confirmed.

    Args:
        reasons: why, by position in the batch; what is not listed was confirmed.
        unsent: those of them that the broker has not seen, and so has not refused.
    """

    def __init__(self, reasons: dict[int, str], *, unsent: Collection[int] = ()) -> None:
        super().__init__(f"{len(reasons)} messages were not confirmed: {next(iter(reasons.values()), '')}")
        self.reasons = reasons
        self.unsent = frozenset(unsent)


class Transport(Protocol):
    """Carries envelopes; `publish` returns when the broker answers for all of them."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Sends a batch in order.

        Raises:
            PublishFailed: some were not confirmed.
            UnavailableException: the broker is away; none is known to be confirmed.
        """
        ...

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        """Begins to hand deliveries to `receive` and acts on its outcome; an exception counts as Retry."""
        ...
