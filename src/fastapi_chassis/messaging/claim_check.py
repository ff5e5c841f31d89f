"""ClaimCheckStore: the port that keeps large payloads, and the reference that travels in place of one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote, unquote

from fastapi_chassis.messaging.codec import UnreadableMessage
from fastapi_chassis.messaging.envelope import Envelope

DATAREF = "dataref"  # the extension that CloudEvents has for this
_SIZE, _DIGEST = "datarefsize", "datarefsha256"
_OWN = frozenset({DATAREF, _SIZE, _DIGEST})
_SCHEME = "claim-check:"


class ClaimCheckStore(Protocol):
    """Keeps payloads where every service that reads them can reach them."""

    async def put(self, payload: bytes, keep: timedelta) -> str:
        """Keeps a payload for a while at least, and returns the new name under which it lies.

        It returns when the payload is as safe as a message that a broker has confirmed.

        Raises:
            UnavailableException: the store is away.
        """
        ...

    async def get(self, name: str) -> bytes | None:
        """Returns a payload; None if nothing has this name, or its time is over.

        Raises:
            UnavailableException: the store is away.
        """
        ...

    async def purge(self, *, limit: int) -> int:
        """Removes at most `limit` payloads whose time is over; 0 where the store does so by itself."""
        ...


class PayloadLost(Exception):  # noqa: N818 - what the receiver judges: another attempt may find it
    """A payload is not in the store, or is not the one that was put there."""


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """What stands in for a payload.

    Args:
        name: under which the store has it.
        size: how many bytes it has.
        digest: its SHA-256, as hexadecimal digits.
    """

    name: str
    size: int
    digest: str

    @classmethod
    def of(cls, name: str, payload: bytes) -> "ClaimCheck":
        """Makes the check of a payload."""
        return cls(name, len(payload), hashlib.sha256(payload).hexdigest())

    def verify(self, payload: bytes | None) -> bytes:
        """Returns a payload that is the one that was checked in.

        Raises:
            PayloadLost: it is not, or there is none.
        """
        if payload is None:
            raise PayloadLost(f"its payload {self.name} is not in the store: its time may be over")
        if (len(payload), hashlib.sha256(payload).hexdigest()) != (self.size, self.digest):
            raise PayloadLost(f"what the store has as {self.name} is not the payload that was put there")
        return payload


def check_of(headers: Mapping[str, str]) -> ClaimCheck:
    """Reads the check that stands in for a payload.

    Raises:
        UnreadableMessage: the reference leads elsewhere, or size or digest is missing.
    """
    reference = headers[DATAREF]
    if not reference.startswith(_SCHEME):
        raise UnreadableMessage("its payload lies at a dataref that is no claim check, and is not fetched")
    size, digest = headers.get(_SIZE, ""), headers.get(_DIGEST, "")
    if not (size.isascii() and size.isdigit() and digest):
        raise UnreadableMessage(f"its claim check has no {_SIZE}, or no {_DIGEST}")
    return ClaimCheck(unquote(reference.removeprefix(_SCHEME)), int(size), digest)


def with_check(envelope: Envelope, check: ClaimCheck) -> Envelope:
    """Puts a check in the place of the payload."""
    written = {DATAREF: _SCHEME + quote(check.name), _SIZE: str(check.size), _DIGEST: check.digest}
    return replace(envelope, payload=b"", headers={**envelope.headers, **written})


def with_payload(envelope: Envelope, payload: bytes) -> Envelope:
    """Puts the payload back, so that the message is what it was before."""
    headers = {name: value for name, value in envelope.headers.items() if name not in _OWN}
    return replace(envelope, payload=payload, headers=headers)
