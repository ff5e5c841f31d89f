"""Leases: which member reads which part of the stream; they end by the server's clock."""

import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import ReadLease
from fastapi_chassis.plugins.nats.errors import NOT_FOUND, WRONG_SEQUENCE, RefusedError, away
from fastapi_chassis.plugins.nats.topology import lease_stream, lease_subject
from fastapi_chassis.plugins.nats.wire import Wire

_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_TTL = "Nats-TTL"


@dataclass(slots=True, eq=False, kw_only=True)
class Lease(ReadLease):
    """The right to read a part of the stream for a group.

    Args:
        sequence: where it is written down; nobody else can renew it.
    """

    sequence: int


class Leases:
    """Takes, renews and gives back the leases of one member.

    Args:
        group: whose parts they are.
        member: who takes them.
        seconds: for which one lasts that is not renewed.
    """

    def __init__(self, group: str, member: str, seconds: int) -> None:
        self._group, self._member, self._seconds = group, member, seconds

    async def take(self, wire: Wire, partition: int) -> Lease | None:
        """Takes a lease; None if somebody has it.

        Raises:
            UnavailableException: the server does not answer.
        """
        begun = time.monotonic()
        sequence = await self._write(wire, partition, 0)
        if sequence is None:
            return None
        return Lease(partition=partition, until=begun + self._seconds, sequence=sequence)

    async def renew(self, wire: Wire, lease: Lease) -> bool:
        """Makes a lease last; False if it is lost.

        Raises:
            UnavailableException: the server does not answer.
        """
        async with lease.turn:
            begun = time.monotonic()
            if lease.until <= 0:
                return False
            sequence = await self._write(wire, lease.partition, lease.sequence)
            if sequence is None:
                sequence = await self._written(wire, lease.partition)
                if sequence is not None:
                    sequence = await self._write(wire, lease.partition, sequence)
            if sequence is None:
                return False
            lease.sequence, lease.until = sequence, begun + self._seconds
            return True

    async def give_back(self, wire: Wire, lease: Lease) -> None:
        """Lets somebody else have it.

        Raises:
            UnavailableException: the server does not answer.
        """
        name = lease_stream(wire.config.stream)
        async with lease.turn:
            lease.until = 0
            try:
                await wire.api(f"STREAM.MSG.DELETE.{name}", seq=lease.sequence, no_erase=True)
            except RefusedError:
                return  # it had ended

    async def _write(self, wire: Wire, partition: int, expected: int) -> int | None:
        subject = lease_subject(wire.config.stream, self._group, partition)
        headers = {_EXPECTED: str(expected), _TTL: f"{self._seconds}s"}
        try:
            answer = await wire.ask(subject, self._member.encode(), headers=headers)
        except RefusedError as error:
            if error.number == WRONG_SEQUENCE:
                return None
            raise _unready(error) from error
        return int(answer["seq"])

    async def _written(self, wire: Wire, partition: int) -> int | None:
        """Looks for a lease of which the confirmation was lost."""
        stream = wire.config.stream
        subject = lease_subject(stream, self._group, partition)
        try:
            answer: dict[str, Any] = await wire.api(
                f"STREAM.MSG.GET.{lease_stream(stream)}", last_by_subj=subject
            )
        except RefusedError as error:
            if error.code == NOT_FOUND:
                return None
            raise _unready(error) from error
        found = answer["message"]
        return int(found["seq"]) if found.get("data") == b64encode(self._member.encode()).decode() else None


def _unready(error: RefusedError) -> UnavailableException:
    unready = away()
    unready.__cause__ = error
    return unready
