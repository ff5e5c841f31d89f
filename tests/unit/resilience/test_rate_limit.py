"""A limit says what can be kept; what limiters do with it is in the contract of every rate limiter."""

from datetime import timedelta

import pytest

from fastapi_chassis.resilience import Decision, RateLimit


def test_it_is_written_as_in_configuration() -> None:
    assert RateLimit.of("20/15min", burst=5) == RateLimit(20, timedelta(minutes=15), 5)


@pytest.mark.parametrize(
    ("calls", "period", "burst"),
    [(0, 1, 0), (1, 0, 0), (1, -1, 0), (5, 1, 6), (5, 1, -1), (20_000, 1, 0), (1, 10**8, 0)],
)
def test_what_can_not_be_kept_is_refused(calls: int, period: int, burst: int) -> None:
    with pytest.raises(ValueError, match=r"at least|at most|between"):
        RateLimit(calls, timedelta(seconds=period), burst)


def test_without_a_burst_all_calls_may_come_at_once() -> None:
    assert RateLimit.of("60/min").at_once == 60
    assert RateLimit.of("60/min", burst=10).at_once == 10
    assert RateLimit.of("60/min", burst=10).interval == 1_000_000


def test_a_decision_tells_what_is_left_and_how_long_to_wait() -> None:
    limit = RateLimit.of("60/min", burst=10)
    passed = Decision.of(limit, allowed=True, ahead=1_500_000, cost=1)
    assert (passed.remaining, passed.reset_after, passed.retry_after) == (8, 1.5, 0)
    refused = Decision.of(limit, allowed=False, ahead=9_500_000, cost=2)
    assert (refused.remaining, refused.reset_after, refused.retry_after) == (0, 9.5, 1.5)
