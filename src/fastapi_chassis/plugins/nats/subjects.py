"""Subjects: destinations, groups and keys as NATS can name them, and back."""

import hashlib
from urllib.parse import quote, unquote
from zlib import crc32

MAX_SUBJECT = 1_000  # bytes: a server ends a connection on a longer line
MAX_NAME = 200

_OPEN = "!#$&'()+,/:;=@[]^`{|}"  # what a part of a subject may hold, beside letters, digits and _.-~


def partition_of(key: str, partitions: int) -> int:
    """Says in which part of the stream a key's messages lie."""
    return crc32(key.encode()) % partitions


def subject_of(destination: str) -> str:
    """Writes a destination as the end of a subject; what a subject can't hold is percent-encoded.

    Raises:
        ValueError: it is too long, or no text.
    """
    subject = ".".join(quote(part, safe=_OPEN) for part in destination.split("."))
    if not all(subject.split(".")):
        subject = quote(destination, safe=_OPEN).replace(".", "%2E") or "%"
    if len(subject) > MAX_SUBJECT:
        raise ValueError(f"the destination has more than {MAX_SUBJECT} bytes")
    return subject


def destination_in(subject: str) -> str:
    """Reads what `subject_of` wrote."""
    return "" if subject == "%" else unquote(subject)


def name_of(group: str) -> str:
    """Names a group where neither dots nor wildcards may stand; one that is too long by its digest."""
    name = quote(group, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(name) > MAX_NAME:
        digest = hashlib.sha256(group.encode()).hexdigest()
        return f"{name[: MAX_NAME - len(digest) - 1]}%{digest}"
    return name or "%"
