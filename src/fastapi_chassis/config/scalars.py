"""Texts become values as in YAML 1.2: `no` and `12:30` stay texts, `1.5` is a number, `null` is nothing."""

import math
import re
from datetime import date, datetime

_NULLS = {"", "~", "null", "Null", "NULL"}
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)\Z")
_NOT_A_NUMBER = {".nan", ".NaN", ".NAN"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?\s*(?:Z|z|[-+]\d\d:?\d\d)?\Z")


def is_null(text: str) -> bool:
    """Whether YAML reads the text as nothing."""
    return text in _NULLS


def typed(text: str) -> object:
    """The value of a plain scalar: null, flag, whole number, number, date, instant, else the text itself."""
    if text in _NULLS:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if text[0] not in "-+.0123456789" or len(text) > 4_000:
        return text
    number = _number(text)
    return _moment(text) if number is None else number


def _number(text: str) -> float | None:
    if _WHOLE.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if infinite := _INFINITE.match(text):
        return -math.inf if infinite["sign"] == "-" else math.inf
    if text in _NOT_A_NUMBER:
        return math.nan
    return float(text) if _NUMBER.match(text) and not re.match(r"[-+]?0[0-9]", text) else None


def _moment(text: str) -> object:
    try:
        if _DATE.match(text):
            return date.fromisoformat(text)
        if _INSTANT.match(text):
            return datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return text
    return text


def listed(text: str) -> list[str]:
    """The items of a comma list; an empty text is an empty list."""
    return [item.strip() for item in text.split(",") if item.strip()]
