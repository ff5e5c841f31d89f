"""What is added to a record, and what is taken out."""

import pytest
from opentelemetry import trace

from fastapi_chassis.application import MessageContext, use_context
from fastapi_chassis.observability.processors import (
    LONGEST_FIELD,
    clean,
    constant,
    conversation,
    without_formatted,
)

SPAN = trace.NonRecordingSpan(
    trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
)


def test_a_record_carries_the_ids_of_its_conversation_and_span() -> None:
    with use_context(MessageContext(correlation_id="c-1")), trace.use_span(SPAN):
        record = conversation(None, "", {"event": "x"})
    assert record == {
        "event": "x",
        "correlation_id": "c-1",
        "trace_id": f"{0xABC:032x}",
        "span_id": f"{0xDEF:016x}",
    }


def test_outside_of_any_conversation_nothing_is_added() -> None:
    assert conversation(None, "", {"event": "x"}) == {"event": "x"}


def test_constant_fields_give_way() -> None:
    assert constant(service="shop")(None, "", {"event": "x"}) == {"event": "x", "service": "shop"}
    assert constant(service="shop")(None, "", {"service": "own"}) == {"service": "own"}


def test_control_characters_become_visible() -> None:
    shown = clean(None, "", {"event": "a\x1b[31m\r\x00\u202eb\ud800", "n\x07": "x\ny\tz"})
    assert shown == {"event": "a\\u001b[31m\\u000d\\u0000\\u202eb\\ud800", "n\\u0007": "x\ny\tz"}


@pytest.mark.requirement("MISTAKE-12")
def test_secrets_are_taken_out_of_every_field() -> None:
    shown = clean(
        None,
        "",
        {
            "event": "password=abc",
            "headers": {"authorization": "abc"},
            "exception": "E: redis://:abc@h",
            "abc_token": "abc",
        },
    )
    assert "abc" not in [str(value) for value in shown.values()]
    assert "abc@" not in str(shown)
    assert "'abc'" not in str(shown)


def test_long_fields_are_cut() -> None:
    shown = clean(None, "", {"event": "x" * 100_000, "list": ["y" * 9000]})
    assert str(shown["event"]) == "x" * LONGEST_FIELD + " ... cut, 100000 characters"
    assert len(str(shown["list"])) < LONGEST_FIELD + 100


@pytest.mark.requirement("MISTAKE-12")
def test_a_secret_across_the_cut_is_not_shown() -> None:
    for offset in range(0, 60, 7):
        text = "x" * (LONGEST_FIELD - offset) + " redis://app:" + "s3cr3t" * 20 + "@cache/0"
        assert "s3c" not in str(clean(None, "", {"event": text})["event"])


def test_of_a_long_traceback_the_end_stays() -> None:
    shown = str(clean(None, "", {"exception": "x" * 100_000 + "ValueError: here"})["exception"])
    assert shown.endswith("ValueError: here")
    assert len(shown) < LONGEST_FIELD + 100


def test_what_another_formatter_left_is_dropped() -> None:
    record = {"event": "x", "message": "x", "asctime": "12:00", "own": 1}
    assert without_formatted(None, "", record) == {"event": "x", "own": 1}
