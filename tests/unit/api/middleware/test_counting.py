import pytest

from fastapi_chassis.api.middleware.counting import DECISIONS, caller_of, hold_to, limit_headers
from fastapi_chassis.application import MessageContext, Principal, use_context
from fastapi_chassis.config import LimitBy
from fastapi_chassis.domain import FrozenClock, RateLimitedException
from fastapi_chassis.resilience import Decision, InMemoryRateLimiter, RateLimit

HOUR = RateLimit.of("3/h")


def caller(by: LimitBy = "ip", *, client: object = ("203.0.113.7", 1), key: bytes = b"") -> str:
    headers = [(b"x-api-key", key), (b"x-api-key", b"second")] if key else []
    return caller_of({"client": client, "headers": headers}, by, b"x-api-key")


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("testclient", "testclient", True),
        ("a\x00" + "b" * 1_000, "other", False),
    ],
)
def test_addresses_are_told_apart_by_what_one_caller_has(one: str, other: str, are_one: bool) -> None:
    assert (caller(client=(one, 1)) == caller(client=(other, 2))) is are_one
    assert len(caller(client=(one, 1))) < 250


def test_without_an_address_all_are_one() -> None:
    assert caller(client=None) == "ip:"


def test_a_user_is_counted_wherever_it_is() -> None:
    with use_context(MessageContext(principal=Principal("ada"))):
        assert caller("user") == caller("user", client=("203.0.113.8", 1)) == "user:ada"
    assert caller("user") == caller("ip")


def test_an_api_key_is_counted_and_never_told() -> None:
    key = caller("api_key", key=b"k-secret")
    assert key == caller("api_key", key=b"k-secret", client=("203.0.113.8", 1))
    assert key != caller("api_key", key=b"k-other")
    assert "secret" not in key
    assert caller("api_key") == caller("ip")


def test_everybody_is_counted_together() -> None:
    assert caller("route") == caller("route", client=("203.0.113.8", 1))


async def test_what_passes_and_what_does_not_is_noted() -> None:
    limiter, noted = InMemoryRateLimiter(clock=FrozenClock()), list[tuple[str, Decision]]()
    scope: dict[str, object] = {DECISIONS: noted}
    for _ in range(3):
        await hold_to(limiter, "hourly", HOUR, "ip:a", scope)
    with pytest.raises(RateLimitedException) as refused:
        await hold_to(limiter, "hourly", HOUR, "ip:a", scope)
    await hold_to(limiter, "hourly", HOUR, "ip:b", {})

    assert refused.value.retry_after == 1_200
    assert refused.value.details == {"violated-policies": ["hourly"]}
    assert [(name, one.allowed) for name, one in noted] == [
        *[("hourly", True)] * 3,
        ("hourly", False),
    ]


@pytest.mark.requirement("API-4")
def test_headers_are_lists_of_structured_fields() -> None:
    logins = Decision(True, RateLimit.of("5/min"), 4, 11.2, 0.0)
    odd = Decision(False, RateLimit.of("20/15min"), 0, 900.0, 45.0)
    assert dict(limit_headers([("logins", logins), ('a "b" \\ \N{SNOWMAN}\n', odd)])) == {
        b"ratelimit-policy": rb'"logins";q=5;w=60, "a \"b\" \\ ??";q=20;w=900',
        b"ratelimit": rb'"logins";r=4;t=12, "a \"b\" \\ ??";r=0;t=900',
    }
