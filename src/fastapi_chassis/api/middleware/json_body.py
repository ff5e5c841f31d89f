"""JSON and URLs that no service has to expect: refused before a handler, a store or an answer meets them."""

import json
import re
from urllib.parse import unquote_to_bytes

import orjson

from fastapi_chassis.domain import ValidationException

MAX_DEPTH = 64
_MIN, _MAX = -(2**63), 2**63 - 1

_LONG = b"0" * 19
_DIGITS = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else ord(" ") for byte in range(256))
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def check_json(body: bytes) -> None:
    """Refuses JSON that is malformed, or holds what some store, log or answer could not take.

    Raises:
        ValidationException: malformed, not UTF-8, NaN or Infinity, a lone surrogate, NUL, a whole number of
            more than 64 bits, or more than 64 levels.
    """
    if not body:
        return
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise _invalid(f"this is no JSON: {fault.msg}, at character {fault.pos}") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deep(body):
        raise _invalid(f"at most {MAX_DEPTH} levels of nesting")
    if b"\\u0000" in body and _NUL.search(body):
        raise _invalid("text must not hold the character NUL")
    if _LONG in body.translate(_DIGITS):
        json.loads(body, parse_int=_whole_number)


def check_urlencoded(raw: bytes, place: str) -> None:
    """Refuses percent-encoding that is no text: two byte strings must never become the same text.

    Raises:
        ValidationException: not UTF-8, or NUL.
    """
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise _invalid("text must be UTF-8", place) from None
    if "\x00" in text:
        raise _invalid("text must not hold the character NUL", place)


def _is_deep(body: bytes) -> bool:
    """Takes away the innermost brackets, level by level; in well-formed JSON every level goes in one step."""
    brackets = _TEXT.sub(b"", body).translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return False
    return True


def _whole_number(digits: str) -> int:
    if len(digits) > 20 or not _MIN <= int(digits) <= _MAX:
        raise _invalid("a whole number must fit in 64 bits")
    return int(digits)


def _invalid(message: str, place: str = "body") -> ValidationException:
    return ValidationException("the request is not valid", errors={place: [message]})
