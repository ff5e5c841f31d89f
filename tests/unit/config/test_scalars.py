import math
from datetime import UTC, date, datetime

import pytest

from fastapi_chassis.config.scalars import is_null, listed, typed


@pytest.mark.requirement("CFG-3")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("no", "no"),
        ("on", "on"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("012", "012"),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1.4.0", "1.4.0"),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("12:30", "12:30"),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-13-45", "2026-13-45"),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31 12:00:00.5 +00:00", datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("-", "-"),
        ("5" * 5000, "5" * 5000),
    ],
)
def test_typed(text: str, expected: object) -> None:
    assert typed(text) == expected
    assert type(typed(text)) is type(expected)


def test_not_a_number() -> None:
    assert math.isnan(typed(".nan"))  # type: ignore[arg-type]  # it is a float


def test_others() -> None:
    assert is_null("~")
    assert not is_null("nil")
    assert listed(" a, b,,c ") == ["a", "b", "c"]
