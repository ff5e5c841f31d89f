from datetime import timedelta

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import ApiConfig, RateLimitRule, read_rate


@pytest.mark.parametrize(
    ("text", "calls", "period"),
    [
        ("10/s", 10, timedelta(seconds=1)),
        ("100/min", 100, timedelta(minutes=1)),
        ("20/15min", 20, timedelta(minutes=15)),
        ("500 / h", 500, timedelta(hours=1)),
        ("1/365d", 1, timedelta(days=365)),
        ("10000/s", 10_000, timedelta(seconds=1)),
    ],
)
def test_a_rate_is_read(text: str, calls: int, period: timedelta) -> None:
    assert read_rate(text) == (calls, period)


@pytest.mark.parametrize("text", ["", "10", "/s", "10/", "10/m", "-1/s", "1.5/s", "10/s/s", "ten/s", "1/-1s"])
def test_what_is_written_otherwise_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="100/min"):
        read_rate(text)


@pytest.mark.parametrize("text", ["0/s", "1/0s", "1/367d", "10001/s", "99999999/min"])
def test_what_no_limiter_keeps_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a rate is at"):
        read_rate(text)


@pytest.mark.requirement("API-4")
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"limit": "many"},
        {"limit": "5/min", "burst": 0},
        {"limit": "5/min", "burst": 6},
        {"limit": "5/min", "by": "weather"},
        {"limit": "5/min", "match": "api"},
        {"limit": "5/min", "match": "/a b"},
        {"limit": "5/min", "methods": ["post"]},
        {"limit": "5/min", "header": "X Key"},
        {"limit": "5/min", "name": "\N{SNOWMAN}"},
        {"limit": "5/min", "typo": 1},
    ],
)
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RateLimitRule.model_validate(wrong)


def test_a_rule_has_a_title_of_its_own() -> None:
    rules = [
        RateLimitRule(limit="5/min"),
        RateLimitRule(limit="5/min", match="/api/auth/*", methods=("POST", "PUT")),
        RateLimitRule(limit="5/min", by="user", name="logins"),
    ]
    assert [rule.title for rule in rules] == ["ip:*", "ip:POST,PUT:/api/auth/*", "logins"]


def test_rules_with_one_title_are_refused() -> None:
    rule = {"limit": "5/min", "match": "/api/*"}
    with pytest.raises(ValidationError, match=r"two rate_limits are called ip:/api/\*"):
        ApiConfig.model_validate({"rate_limits": [rule, rule | {"limit": "6/h"}]})
    ApiConfig.model_validate({"rate_limits": [rule, rule | {"limit": "6/h", "name": "hourly"}]})
