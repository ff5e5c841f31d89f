"""RoadMeter: counts and times messages on the road, by OpenTelemetry's conventions for messaging."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter

from opentelemetry import metrics

from fastapi_chassis.messaging.envelope import Envelope
from fastapi_chassis.messaging.outcome import Ack, Outcome, Retry
from fastapi_chassis.observability import OpenTelemetryMeter

SYSTEM, OPERATION = "messaging.system", "messaging.operation.name"
DESTINATION, GROUP = "messaging.destination.name", "messaging.consumer.group.name"
ERROR, OUTCOME = "error.type", "chassis.outcome"

_destination = attrgetter("destination")
UNREADABLE = "unreadable"  # as an `error.type`: what nobody here can read
_OTHER = "_OTHER"  # what the conventions call an error that has no name
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


@dataclass(frozen=True, slots=True)
class _Instruments:
    """What a meter has for messages."""

    sent: metrics.Counter
    sending: metrics.Histogram
    consumed: metrics.Counter
    processing: metrics.Histogram
    duplicates: metrics.Counter
    dead_letters: metrics.Counter


def _made(meter: metrics.Meter) -> _Instruments:
    def counted(name: str, description: str) -> metrics.Counter:
        return meter.create_counter(name, "{message}", description)

    def timed(name: str, description: str) -> metrics.Histogram:
        return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=_SECONDS)

    return _Instruments(
        sent=counted("messaging.client.sent.messages", "Attempts to hand a message to the broker."),
        sending=timed("messaging.client.operation.duration", "From a batch to the broker's answer to it."),
        consumed=counted("messaging.client.consumed.messages", "Messages that were delivered to a group."),
        processing=timed("messaging.process.duration", "From a delivery to what becomes of it."),
        duplicates=counted("chassis.inbox.duplicates", "Messages that a handler had had before."),
        dead_letters=counted("chassis.dead_letters", "Messages that were given up."),
    )


class RoadMeter:
    """Measures messages; without an SDK of OpenTelemetry it does nothing.

    Args:
        provider: whose meter is used; the process-wide one by default.
    """

    def __init__(self, provider: metrics.MeterProvider | None = None) -> None:
        self._meter = OpenTelemetryMeter(_made, provider)
        self._consumed: Counter[tuple[str, str, str]] = Counter()

    @property
    def is_on(self) -> bool:
        """Whether anything is measured."""
        return self._meter.instruments is not None

    def sent(
        self,
        system: str,
        envelopes: Sequence[Envelope],
        seconds: float,
        *,
        error_type: str = "",
        failed: Collection[int] | None = None,
    ) -> None:
        """Notes a batch that the broker has answered.

        Args:
            system: what kind of broker it is.
            envelopes: the batch.
            seconds: until the answer.
            error_type: what went wrong, if something did.
            failed: with which positions of the batch; with all of them where nothing is given.
        """
        if (made := self._meter.instruments) is None:
            return
        common = {SYSTEM: system, OPERATION: "send"}
        wrong = common | {ERROR: error_type}
        made.sending.record(seconds, wrong if error_type else common)
        bad = _destinations(envelopes, failed) if error_type else Counter[str]()
        for destination, count in bad.items():
            made.sent.add(count, wrong | {DESTINATION: destination})
        for destination, count in (_destinations(envelopes) - bad).items():
            made.sent.add(count, common | {DESTINATION: destination})

    def handled(self, system: str, group: str, destination: str, seconds: float, outcome: Outcome) -> None:
        """Notes a delivery and what becomes of it.

        Args:
            system: what kind of broker it is.
            group: who had it.
            destination: where it came from.
            seconds: how long that took.
            outcome: what the broker is told.
        """
        if (made := self._meter.instruments) is None:
            return
        name, error_type = _said(outcome)
        told = {SYSTEM: system, GROUP: group, DESTINATION: destination, OPERATION: "process", OUTCOME: name}
        made.processing.record(seconds, told | {ERROR: error_type} if error_type else told)
        if not self._consumed:  # those that shared a commit end together, and are counted together
            asyncio.get_running_loop().call_soon(self._count_consumed)
        self._consumed[system, group, destination] += 1
        if name == "dead_letter":
            self.gave_up(group, destination, error_type)

    def gave_up(self, group: str, destination: str, error_type: str) -> None:
        """Notes a message that is among the dead letters from now on.

        Args:
            group: who gave it up.
            destination: where it came from, or should have gone.
            error_type: why.
        """
        if (made := self._meter.instruments) is not None:
            made.dead_letters.add(1, {GROUP: group, DESTINATION: destination, ERROR: error_type or _OTHER})

    def had_before(self, group: str, count: int = 1) -> None:
        """Notes messages that came to a handler again, and had no effect."""
        if count and (made := self._meter.instruments) is not None:
            made.duplicates.add(count, {GROUP: group})

    def _count_consumed(self) -> None:
        consumed, self._consumed = self._consumed, Counter()
        if (made := self._meter.instruments) is not None:
            for (system, group, destination), count in consumed.items():
                told = {SYSTEM: system, GROUP: group, DESTINATION: destination, OPERATION: "receive"}
                made.consumed.add(count, told)


def _destinations(envelopes: Sequence[Envelope], only: Collection[int] | None = None) -> Counter[str]:
    if only is None:
        return Counter(map(_destination, envelopes))
    return Counter(envelopes[position].destination for position in only)


def _said(outcome: Outcome) -> tuple[str, str]:
    """Names an outcome, and what went wrong; what the service keeps as a dead letter is one."""
    if isinstance(outcome, Retry):
        return "retry", outcome.error_type or _OTHER
    dead = outcome.kept if isinstance(outcome, Ack) else outcome
    return ("ack", "") if dead is None else ("dead_letter", dead.error_type or _OTHER)
