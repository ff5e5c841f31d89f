"""MessagingConfig: what the road between services is set to."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from fastapi_chassis.config import ConfigModel

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
        batch: how many messages it claims and publishes at once.
        in_flight: how many it publishes at most before the broker has answered.
        patience: seconds after which a batch without answer no longer holds up others.
        lease: seconds after which another relay takes over from one that is silent.
        poll_busy: seconds until it looks again after it found something.
        poll_idle: seconds until it looks again where there was nothing for long, and nobody woke it.
        stop_timeout: seconds that it waits, when it stops, for what is being published.
        retry: waits after a failure.
    """

    batch: Count = 500
    in_flight: Count = 2_000
    patience: Positive = 0.1
    lease: Positive = 15
    poll_busy: Positive = 0.05
    poll_idle: Positive = 2
    stop_timeout: Positive = 5
    retry: RetryConfig = Field(default_factory=RetryConfig)


class InboxConfig(ConfigModel):
    """How long the inbox remembers.

    Args:
        window: seconds; a duplicate that comes later than this has its effect again.
        purge_interval: seconds between two rounds of forgetting.
        purge_batch: how many messages one statement forgets.
        purge_batches: how many statements one round runs at most.
    """

    window: Annotated[float, Field(ge=60, allow_inf_nan=False)] = 7 * 86_400
    purge_interval: Positive = 60
    purge_batch: Annotated[int, Field(ge=1, le=5_000)] = 5_000
    purge_batches: Annotated[int, Field(ge=1, le=20)] = 20

    @property
    def remembered(self) -> timedelta:
        """The window as a span of time."""
        return timedelta(seconds=self.window)


class MessagingConfig(ConfigModel):
    """The road between services.

    Args:
        enable_outbox: messages are rows of the business transaction; without it, a crash between commit and
            publishing loses them.
        enable_inbox: the effect of a message happens once; without it, a message that comes again has its
            effect again.
        codec: `cloudevents`, or `event-data` for `{"event": ..., "data": {...}}`.
        destination_prefix: what the topic of each event begins with.
        max_attempts: how often a handler may fail on a message before it is set aside.
        handler_timeout: seconds that a handler may take.
        concurrency: how many messages a consumer handles at once.
        retry: waits before a message comes again.
        relay: the relay.
        inbox: the inbox.
    """

    enable_outbox: bool = True
    enable_inbox: bool = True
    codec: Literal["cloudevents", "event-data"] = "cloudevents"
    destination_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] = "integration-events"
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    handler_timeout: Positive = 60
    concurrency: Count = 10
    retry: RetryConfig = Field(default_factory=RetryConfig)
    relay: RelayConfig = Field(default_factory=RelayConfig)
    inbox: InboxConfig = Field(default_factory=InboxConfig)
