"""A record becomes one line."""

import json

from fastapi_chassis.observability.rendering import as_json, as_text


def test_json_is_one_object_on_one_line() -> None:
    line = as_json(None, "", {"event": "a\nb", "nested": {"n": [1, None]}, "huge": 2**70})
    assert "\n" not in line
    assert json.loads(line) == {"event": "a\nb", "nested": {"n": [1, None]}, "huge": 2**70}


def test_text_reads_from_left_to_right() -> None:
    record = {
        "event": "item added",
        "level": "info",
        "logger": "shop",
        "timestamp": "2026-01-01T12:30:45.123456Z",
        "ms": 7,
        "text": "a\nb",
    }
    assert as_text(None, "", record) == "12:30:45.123 info     shop: item added ms=7 text=a\\nb"


def test_a_traceback_stands_below_its_text() -> None:
    record = {"event": "forged\n12:00 fine", "exception": "Traceback\nValueError", "level": "error"}
    assert as_text(None, "", record).splitlines()[1:] == ["Traceback", "ValueError"]
