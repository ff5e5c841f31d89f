"""Topology: the streams of messages, dead letters and leases, and the consumers of each group."""

import logging
from collections.abc import Iterable

from fastapi_chassis.domain import Finding
from fastapi_chassis.plugins.nats.config import NatsStreamConfig
from fastapi_chassis.plugins.nats.errors import NOT_FOUND, UNAVAILABLE, NatsStreamError, RefusedError, away
from fastapi_chassis.plugins.nats.subjects import name_of, subject_of
from fastapi_chassis.plugins.nats.wire import Wire

_PARTITIONS = "chassis.partitions"  # in the metadata of the stream: all who use it must agree
_TAKEN = 10_058  # JetStream's number for a stream of the name that is another one
_log = logging.getLogger("fastapi_chassis.nats")


def message_subject(stream: NatsStreamConfig, partition: int, destination: str) -> str:
    """Names where a message goes."""
    return f"{stream.prefix}.{partition}.{subject_of(destination)}"


def dead_subject(stream: NatsStreamConfig, group: str) -> str:
    """Names where a group's dead letters lie."""
    return f"{stream.dead_prefix}.{subject_of(group)}"


def dead_stream(stream: NatsStreamConfig) -> str:
    """Names the stream of dead letters."""
    return f"{stream.name}-dead"


def lease_stream(stream: NatsStreamConfig) -> str:
    """Names the stream of leases."""
    return f"{stream.name}-leases"


def lease_subject(stream: NatsStreamConfig, group: str, partition: int) -> str:
    """Names where the lease of a group's part lies."""
    return f"{stream.prefix}-leases.{name_of(group)}.{partition}"


def member_subject(stream: NatsStreamConfig, group: str) -> str:
    """Names where the members of a group hear of each other."""
    return f"{stream.prefix}-members.{name_of(group)}"


def consumer_name(group: str, partition: int) -> str:
    """Names the consumer of a group's part."""
    return f"{name_of(group)}-{partition}"


async def prepare_streams(wire: Wire) -> int:
    """Sees to it that the streams are there, and returns how many parts that of messages has.

    Raises:
        NatsStreamError: one is missing and is not to be made, or the server has another one of the name.
        UnavailableException: the server does not answer.
    """
    stream = wire.config.stream
    partitions = 0
    for wanted in (_messages(stream), _dead(stream), _leases(stream)):
        found = await _found(wire, stream, wanted)
        if wanted["name"] == stream.name:
            partitions = _partitions_in(stream, found)
    return partitions


async def make_consumer(wire: Wire, group: str, partition: int, destinations: Iterable[str]) -> None:
    """Makes the consumer of a group's part, or has it read these destinations from now on.

    Raises:
        NatsStreamError: the server refuses.
        UnavailableException: it does not answer.
    """
    config, name = wire.config, consumer_name(group, partition)
    subjects = sorted(message_subject(config.stream, partition, one) for one in destinations)
    wanted = {
        "name": name,
        "durable_name": name,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": nanoseconds(config.ack_wait),
        "max_deliver": -1,
        "max_ack_pending": config.held,
        "filter_subjects": subjects,
    }
    try:
        await wire.api(
            f"CONSUMER.CREATE.{config.stream.name}.{name}", stream_name=config.stream.name, config=wanted
        )
    except RefusedError as error:
        raise _refused(f"the consumer {name}", error) from error


async def has_consumer(wire: Wire, group: str, partition: int) -> bool:
    """Whether the consumer of a group's part is there.

    Raises:
        UnavailableException: the server does not answer.
    """
    try:
        await wire.api(f"CONSUMER.INFO.{wire.config.stream.name}.{consumer_name(group, partition)}")
    except RefusedError as error:
        if error.code != NOT_FOUND:
            raise away() from error
        return False
    return True


def nanoseconds(seconds: float) -> int:
    """Writes seconds as JetStream wants them."""
    return round(seconds * 1_000_000_000)


async def _found(wire: Wire, stream: NatsStreamConfig, wanted: dict[str, object]) -> dict[str, object]:
    name = str(wanted["name"])
    try:
        answer = await wire.api(f"STREAM.INFO.{name}")
    except RefusedError as missing:
        if missing.code != NOT_FOUND:
            raise _refused(f"a question for the stream {name}", missing) from missing
        if not stream.create:
            what, remedy = f"the stream {name} is missing", "make it, or set stream.create: true."
            raise NatsStreamError(Finding(what, "plugins.nats.stream", remedy)) from None
        answer = await _made(wire, name, wanted)
    found: dict[str, object] = answer["config"]
    if found.get("subjects") != wanted["subjects"]:
        what = f"the stream {name} has other subjects than {wanted['subjects']}"
        raise NatsStreamError(Finding(what, "plugins.nats.stream", "choose another name for the stream."))
    return found


async def _made(wire: Wire, name: str, wanted: dict[str, object]) -> dict[str, dict[str, object]]:
    try:
        made = await wire.api(f"STREAM.CREATE.{name}", **wanted)
    except RefusedError as error:
        if error.number == _TAKEN:  # somebody was quicker, with other limits
            return await wire.api(f"STREAM.INFO.{name}")
        raise _refused(f"the stream {name}", error) from error
    _log.info("made the stream %s", name)
    return made


def _partitions_in(stream: NatsStreamConfig, found: dict[str, object]) -> int:
    metadata = found.get("metadata")
    said = str(metadata.get(_PARTITIONS, "")) if isinstance(metadata, dict) else ""
    if not said.isdigit() or not int(said):
        what = f"the stream {stream.name} does not say how many parts it has"
        remedy = f"write their number into its metadata, as {_PARTITIONS}."
        raise NatsStreamError(Finding(what, "plugins.nats.stream", remedy))
    return int(said)


def _messages(stream: NatsStreamConfig) -> dict[str, object]:
    return _stream(stream, stream.name, f"{stream.prefix}.>") | {
        "max_age": nanoseconds(stream.max_age),
        "max_bytes": stream.max_bytes,
        "max_msgs": stream.max_messages,
        "discard": stream.discard,
        "duplicate_window": nanoseconds(stream.duplicate_window),
        "metadata": {_PARTITIONS: str(stream.partitions)},
    }


def _dead(stream: NatsStreamConfig) -> dict[str, object]:
    return _stream(stream, dead_stream(stream), f"{stream.dead_prefix}.>") | {
        "max_age": nanoseconds(stream.dead_max_age),
        "discard": "new",
    }


def _leases(stream: NatsStreamConfig) -> dict[str, object]:
    return _stream(stream, lease_stream(stream), f"{stream.prefix}-leases.>") | {
        "max_msgs_per_subject": 1,
        "allow_msg_ttl": True,
        "discard": "old",
    }


def _stream(stream: NatsStreamConfig, name: str, subjects: str) -> dict[str, object]:
    return {
        "name": name,
        "subjects": [subjects],
        "storage": "file",
        "retention": "limits",
        "num_replicas": stream.replicas,
    }


def _refused(what: str, error: RefusedError) -> Exception:
    if error.code == UNAVAILABLE:
        return away()
    remedy = "see the limits of the account, its permissions, and the section."
    return NatsStreamError(Finding(f"nats refuses {what}: {error.reason}", "plugins.nats.stream", remedy))
