"""Processors: what is added to each log record, and what is taken out before it is written."""

import re
from collections.abc import Callable, MutableMapping

from opentelemetry import trace

from fastapi_chassis.application import current_context
from fastapi_chassis.observability.redaction import redact, redact_text

type Record = MutableMapping[str, object]
type Processor = Callable[[object, str, Record], Record]

LONGEST_FIELD = 8192
_LONGEST_TRACEBACK = 8 * LONGEST_FIELD
# what moves a cursor, breaks a line, turns the writing direction, or is no character at all
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def conversation(_: object, __: str, record: Record) -> Record:
    """Adds the ids by which records of one conversation and of one span are found."""
    correlation_id = current_context().correlation_id
    if correlation_id:
        record.setdefault("correlation_id", correlation_id)
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        record.setdefault("trace_id", trace.format_trace_id(span.trace_id))
        record.setdefault("span_id", trace.format_span_id(span.span_id))
    return record


def constant(**fields: str) -> Processor:
    """Adds the same fields to every record."""

    def add(_: object, __: str, record: Record) -> Record:
        for name, value in fields.items():
            record.setdefault(name, value)
        return record

    return add


def without_formatted(_: object, __: str, record: Record) -> Record:
    """Drops what the formatter of another handler left on the record."""
    record.pop("message", None)
    record.pop("asctime", None)
    return record


def clean(_: object, __: str, record: Record) -> Record:
    """Takes secrets and control characters out of every field, and cuts what is too long."""
    cleaned: Record = {}
    for name, value in record.items():
        if name in {"exception", "stack"} and isinstance(value, str):
            cleaned[name] = _traceback(value)
        else:
            cleaned[_text(name)] = redact(value, name, text=_text)
    return cleaned


def _text(text: str) -> str:
    # the look of a secret that begins before the cut is still known
    fit = redact_text(text[: 2 * LONGEST_FIELD])
    if len(fit) > LONGEST_FIELD or len(text) > 2 * LONGEST_FIELD:
        fit = f"{fit[:LONGEST_FIELD]} ... cut, {len(text)} characters"
    return _visible(fit)


def _traceback(text: str) -> str:
    fit = redact_text(text[-_LONGEST_TRACEBACK:])
    if len(fit) > LONGEST_FIELD:
        fit = f"cut, {len(text)} characters ... {fit[-LONGEST_FIELD:]}"
    return _visible(fit)


def _visible(text: str) -> str:
    return _UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
