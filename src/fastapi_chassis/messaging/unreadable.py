"""stand_in(): an envelope for what came from a broker and is no message, so that it can be kept and shown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from fastapi_chassis.messaging.envelope import Envelope

_TYPE = "unreadable"
_BYTES = "application/octet-stream"


def stand_in(place: str, *, destination: str, payload: bytes, attributes: Mapping[str, str]) -> Envelope:
    """Makes an envelope of what could not be read as one; its payload is as it came.

    Args:
        place: where it lies, the same whenever it is given again: so it is kept once.
        destination: where it was found.
        payload: its bytes.
        attributes: what stands beside them.
    """
    named = {name.lower(): value for name, value in attributes.items()}
    return Envelope(
        id=uuid5(NAMESPACE_URL, place),
        type=_TYPE,
        source=place,
        time=datetime.now(UTC),
        destination=destination,
        key=place,
        payload=payload,
        content_type=named.get("content-type") or _BYTES,
        headers=dict(attributes),
    )
