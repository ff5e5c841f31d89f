"""MessagingConfig: what the road between services is set to."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from fastapi_chassis.config import ConfigModel
from fastapi_chassis.messaging.partitions import PARTITIONS

_MEBIBYTE = 1_024 * 1_024

type Positive = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
type Count = Annotated[int, Field(ge=1, le=100_000)]


class RetryConfig(ConfigModel):
    """How long to wait before another attempt: exponential, with full jitter.

    Args:
        base: seconds, the longest wait before the second attempt.
        cap: seconds, the longest wait of all.
    """

    base: Positive = 0.5
    cap: Positive = 30


class RelayConfig(ConfigModel):
    """How the relay works.

    Args:
        enabled: whether the service itself relays; `chassis relay` does in a process of its own.
        batch: how many messages one batch has at most.
        batch_bytes: how many bytes of payload make batches smaller than that.
        batches: how many are on their way at once, each of other keys.
        lease: seconds after which other relays take over from one that is silent.
        poll_busy: seconds until it looks again after it found something.
        poll_idle: seconds until it looks again where there was nothing for long, and nobody woke it.
        stop_timeout: seconds that it waits, when it stops, for what is being published.
        watch_interval: seconds between two looks at what waits, where metrics are kept.
        max_attempts: how often the broker may refuse a message before it goes to the dead letters, and those
            of its key go on; without a number it holds its key until it is taken.
        retry: waits after a failure.
    """

    enabled: bool = True
    batch: Count = 2_000
    batch_bytes: Annotated[int, Field(ge=1_024)] = 8 * 1_024 * 1_024
    batches: Annotated[int, Field(ge=1, le=PARTITIONS)] = 4
    lease: Annotated[float, Field(ge=0.05, le=3_600, allow_inf_nan=False)] = 3
    poll_busy: Positive = 0.05
    poll_idle: Positive = 2
    stop_timeout: Positive = 5
    watch_interval: Positive = 10
    max_attempts: Annotated[int | None, Field(ge=1, le=100_000)] = None
    retry: RetryConfig = Field(default_factory=RetryConfig)


class SchedulerConfig(ConfigModel):
    """How what was scheduled gets on its way.

    Args:
        batch: how many messages one transaction moves.
        poll: seconds until it looks again where nothing is due before that.
        at_least: seconds between two looks, however much is due.
        timeout: seconds that one transaction may take.
        stop_timeout: seconds that it gets, when it stops, for the transaction at hand.
        retry: waits after a failure.
    """

    batch: Annotated[int, Field(ge=1, le=10_000)] = 500
    poll: Positive = 5
    at_least: Positive = 0.02
    timeout: Positive = 30
    stop_timeout: Positive = 5
    retry: RetryConfig = Field(default_factory=RetryConfig)


class PurgeConfig(ConfigModel):
    """How what is not needed any more is removed.

    Args:
        purge_interval: seconds between two rounds.
        purge_batch: how many one step removes.
        purge_batches: how many steps one round has at most.
    """

    purge_interval: Positive = 3_600
    purge_batch: Annotated[int, Field(ge=1, le=5_000)] = 1_000
    purge_batches: Annotated[int, Field(ge=1, le=20)] = 20


class InboxConfig(PurgeConfig):
    """How long the inbox remembers.

    Args:
        window: seconds; a duplicate that comes later than this has its effect again.
    """

    window: Annotated[float, Field(ge=60, allow_inf_nan=False)] = 7 * 86_400
    purge_interval: Positive = 60
    purge_batch: Annotated[int, Field(ge=1, le=5_000)] = 5_000

    @property
    def remembered(self) -> timedelta:
        """The window as a span of time."""
        return timedelta(seconds=self.window)


class DeadLetterConfig(PurgeConfig):
    """What becomes of messages that consumers give up.

    Args:
        store: `module` keeps them in the store of the module, where that can; `broker` leaves them there.
        api: whether there are routes to see, edit, replay and discard them; callers need the permission
            `messages:manage`.
        retention: seconds after which a record is removed, whatever became of it.
    """

    store: Literal["module", "broker"] = "module"
    api: bool = False
    retention: Annotated[float, Field(ge=60, allow_inf_nan=False)] = 90 * 86_400


class ClaimCheckConfig(PurgeConfig):
    """Where large payloads lie while a reference travels in their place.

    Args:
        threshold: bytes; a larger payload is left in the store. Without a number all of them travel.
        directory: where payloads lie, such as a folder of a network mount; it must be there. Without one,
            they lie where a plugin, or the service itself, binds `ClaimCheckStore`.
        largest: how many bytes the payload of a message may have at most, sent or taken.
        keep: seconds for which payloads are kept; longer than messages may lie in the broker.
        timeout: seconds that the store may take for one payload.
    """

    threshold: Annotated[int | None, Field(ge=1, le=_MEBIBYTE)] = None
    directory: Path | None = None
    largest: Annotated[int, Field(ge=1_024, le=256 * _MEBIBYTE)] = _MEBIBYTE
    keep: Annotated[float, Field(ge=60, le=10 * 366 * 86_400, allow_inf_nan=False)] = 14 * 86_400
    timeout: Positive = 10

    @field_validator("threshold", "directory", mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ConsumerConfig(ConfigModel):
    """How consumers share transactions.

    Args:
        batch: how many messages of one handler share a transaction at most; with 1 each has its own.
    """

    batch: Annotated[int, Field(ge=1, le=1_000)] = 1


class MessagingConfig(ConfigModel):
    """The road between services.

    Args:
        enable_outbox: messages are rows of the business transaction; without it, a crash between commit and
            publishing loses them.
        enable_inbox: the effect of a message happens once; without it, a message that comes again has its
            effect again.
        codec: `cloudevents`, `cloudevents-structured` for the whole event as one JSON text, or `event-data`
            for `{"event": ..., "data": {...}}`. CloudEvents in both modes are read whatever is set.
        destination_prefix: what the topic of each event begins with.
        max_attempts: how often a handler may fail on a message before it is set aside.
        handler_timeout: seconds that a handler may take.
        concurrency: how many messages a consumer handles at once, each in a transaction of its own.
        retry: waits before a message comes again.
        relay: the relay.
        inbox: the inbox.
        consumer: whether messages share transactions.
        scheduler: what moves scheduled messages into the outbox.
        dead_letters: what becomes of messages that consumers give up.
        claim_check: where large payloads lie.
    """

    enable_outbox: bool = True
    enable_inbox: bool = True
    codec: Literal["cloudevents", "cloudevents-structured", "event-data"] = "cloudevents"
    destination_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] = "integration-events"
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    handler_timeout: Positive = 60
    concurrency: Count = 10
    retry: RetryConfig = Field(default_factory=RetryConfig)
    relay: RelayConfig = Field(default_factory=RelayConfig)
    inbox: InboxConfig = Field(default_factory=InboxConfig)
    consumer: ConsumerConfig = Field(default_factory=ConsumerConfig)
    scheduler: SchedulerConfig = Field(default_factory=SchedulerConfig)
    dead_letters: DeadLetterConfig = Field(default_factory=DeadLetterConfig)
    claim_check: ClaimCheckConfig = Field(default_factory=ClaimCheckConfig)
