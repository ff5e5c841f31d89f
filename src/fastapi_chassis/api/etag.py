"""ETag and If-Match: the version of an aggregate, at the edge (RFC 9110, sections 8.8.3 and 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from fastapi_chassis.domain import ValidationException

# a cache may have made the tag weak when it compressed the answer
_TAG = re.compile(r'(?:W/)?"(?P<version>[0-9]{1,18})"')


def etag_of(version: int) -> str:
    """Writes a version as an entity tag."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Tells the caller which version the answer shows."""
    response.headers["ETag"] = etag_of(version)


async def expected_version(
    if_match: Annotated[
        str | None, Header(max_length=200, description="The ETag that was read; another version is refused.")
    ] = None,
) -> int | None:
    """Reads If-Match; None where the caller states nothing, or `*`.

    Raises:
        ValidationException: it is no entity tag of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        message = 'If-Match takes one entity tag of ours, such as "3"'
        raise ValidationException(message, errors={"If-Match": [message]})
    return int(found["version"])


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
