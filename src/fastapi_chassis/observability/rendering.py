"""Rendering: a log record as a line of JSON, or as text for people."""

import json

import orjson

from fastapi_chassis.observability.processors import Record

_LEADING = ("timestamp", "level", "logger", "event")
_TRAILING = ("stack", "exception")


def as_json(_: object, __: str, record: Record) -> str:
    """Writes a record as one line."""
    try:
        return orjson.dumps(record, default=str).decode()
    except TypeError:  # a number of more than 64 bits
        return json.dumps(record, default=str)


def as_text(_: object, __: str, record: Record) -> str:
    """Writes a record as one line, and its traceback, if there is one, below."""
    timestamp, level, logger, event = (str(record.pop(name, "")) for name in _LEADING)
    below = [str(record.pop(name)) for name in _TRAILING if record.get(name)]
    fields = [f"{name}={_one_line(value)}" for name, value in record.items()]
    line = " ".join([timestamp[11:23], f"{level:<8}", f"{logger}:", _one_line(event), *fields])
    return "\n".join([line, *below])


def _one_line(value: object) -> str:
    return str(value).replace("\n", "\\n").replace("\t", "\\t")
