"""How dead letters look over HTTP, and what callers may say of them."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from fastapi_chassis.messaging import DeadLetterQuery, DeadLetterRecord, DeadLetterStateEnum, Handled


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no clock shows this time") from None


def _as_text(moment: object) -> object:
    if not isinstance(moment, str | datetime):
        raise ValueError("a time is a text, such as 2026-11-21T09:30:00Z")  # noqa: TRY004 - pydantic's way
    return moment


def _of_base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


# plain names: an alias by `type` would stand in the document beside those of the service
_Name = Annotated[str, Field(min_length=1, max_length=500)]
_Moment = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_in_utc)]
_Base64 = Annotated[str, AfterValidator(_of_base64), Field(examples=["eyJ0aXRsZSI6IkR1bmUifQ=="])]


class DeadLetterFilter(BaseModel):
    """Which dead letters are meant; what is left out does not matter."""

    group: Annotated[_Name | None, Field(description="The consumer group that gave them up.")] = None
    type: Annotated[_Name | None, Field(description="The name of the message.")] = None
    error: Annotated[_Name | None, Field(description="What the error contains, whatever its case.")] = None
    since: Annotated[_Moment | None, Field(description="Given up at this time or later.")] = None
    until: Annotated[_Moment | None, Field(description="Given up before this time.")] = None

    def query(self) -> DeadLetterQuery:
        """Says it in the words of the store."""
        return DeadLetterQuery(
            group=self.group, type=self.type, text=self.error, since=self.since, until=self.until
        )


class DeadLetterListing(DeadLetterFilter):
    """Which dead letters are to be shown."""

    state: Annotated[
        Literal["waiting", "replayed", "discarded", "any"], Field(description="What became of them.")
    ] = "waiting"

    def query(self) -> DeadLetterQuery:
        """Says it in the words of the store."""
        state = None if self.state == "any" else DeadLetterStateEnum(self.state)
        return replace(super().query(), state=state)


class DeadLetterSelection(DeadLetterFilter):
    """Which dead letters are to be settled, the earliest first."""

    model_config = ConfigDict(extra="forbid")

    all: Annotated[bool, Field(description="Has to be true where no filter is given.")] = False
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most.")] = 100

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not self.all and self.query() == DeadLetterQuery():
            raise ValueError("name a filter, or say all: true")
        return self


class DeadLetterEdit(BaseModel):
    """What a replay is to hand over instead."""

    model_config = ConfigDict(extra="forbid")

    payload: Annotated[str | None, Field(description="The new body, as text.")] = None
    payload_base64: Annotated[_Base64 | None, Field(description="The new body, where it is no text.")] = None
    headers: Annotated[dict[str, str] | None, Field(description="All headers, instead of those it has.")] = (
        None
    )

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.payload is not None and self.payload_base64 is not None:
            raise ValueError("payload and payload_base64 exclude each other")
        if self.payload is None and self.payload_base64 is None and self.headers is None:
            raise ValueError("say what to change: payload, payload_base64 or headers")
        return self

    @property
    def body(self) -> bytes | None:
        """The new body, if there is to be one."""
        if self.payload is not None:
            return self.payload.encode()
        return None if self.payload_base64 is None else b64decode(self.payload_base64)


class DeadLetterSummary(BaseModel):
    """A message that a consumer group gave up."""

    id: UUID
    state: DeadLetterStateEnum
    group: Annotated[str, Field(examples=["shop.notifications"])]
    type: Annotated[str, Field(examples=["item_created"])]
    version: int
    message_id: UUID
    key: str
    error: Annotated[str, Field(description="Why it was given up, without secrets.")]
    attempts: int
    given_up_at: datetime

    @classmethod
    def of(cls, record: DeadLetterRecord) -> "DeadLetterSummary":
        """Shows a record."""
        return cls.model_validate(_summary(record))


class DeadLetterResponse(DeadLetterSummary):
    """A message that a consumer group gave up, with all that it says."""

    source: str
    destination: str
    sent_at: datetime
    content_type: str
    headers: dict[str, str]
    payload: Annotated[str | None, Field(description="The body; null where it is no text.")] = None
    payload_base64: Annotated[str | None, Field(description="The body, where it is no text.")] = None

    @classmethod
    def of(cls, record: DeadLetterRecord) -> "DeadLetterResponse":
        """Shows a record and its message."""
        envelope = record.envelope
        shown = _summary(record) | {
            "source": envelope.source,
            "destination": envelope.destination,
            "sent_at": envelope.time,
            "content_type": envelope.content_type,
            "headers": dict(envelope.headers),
        }
        try:
            return cls.model_validate(shown | {"payload": envelope.payload.decode()})
        except UnicodeDecodeError:
            return cls.model_validate(shown | {"payload_base64": b64encode(envelope.payload).decode()})


class DeadLettersSettled(BaseModel):
    """What an action on several came to."""

    done: Annotated[list[UUID], Field(description="Those that are settled now.")]
    failed: Annotated[dict[UUID, str], Field(description="Those that wait still, and why.")]

    @classmethod
    def of(cls, handled: Handled) -> Self:
        """Shows the outcome."""
        return cls(done=list(handled.done), failed=dict(handled.failed))


def _summary(record: DeadLetterRecord) -> dict[str, object]:
    envelope = record.envelope
    return {
        "id": record.id,
        "state": record.state,
        "group": record.group,
        "type": envelope.type,
        "version": envelope.version,
        "message_id": envelope.id,
        "key": envelope.key,
        "error": record.reason,
        "attempts": record.attempts,
        "given_up_at": record.at,
    }
