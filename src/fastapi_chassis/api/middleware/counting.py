"""Counting requests: whose are counted together, and what an answer tells about limits."""

import hashlib
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

from fastapi_chassis.api.middleware.asgi import Headers, Scope
from fastapi_chassis.application import current_context
from fastapi_chassis.config import LimitBy
from fastapi_chassis.domain import RateLimitedException
from fastapi_chassis.resilience import Decision, RateLimit, RateLimiter

DECISIONS = "chassis.rate_limits"
_ONE_NETWORK = 64  # bits; whoever has one address of IPv6 has as many as these leave
_LONGEST = 200

type Named = tuple[str, Decision]


async def hold_to(limiter: RateLimiter, name: str, limit: RateLimit, caller: str, scope: Scope) -> None:
    """Counts a request for one limit, and notes what its answer tells about it.

    Raises:
        RateLimitedException: it is one too many.
    """
    decision = await limiter.take(f"{name}|{caller}", limit)
    decisions = cast("list[Named] | None", scope.get(DECISIONS))
    if decisions is not None:
        decisions.append((name, decision))
    if not decision.allowed:
        refused = RateLimitedException("too many requests", retry_after=decision.retry_after)
        refused.details["violated-policies"] = [name]
        raise refused


def caller_of(scope: Scope, by: LimitBy, header: bytes) -> str:
    """Names those whose requests are counted together with this one."""
    match by:
        case "route":
            return "everybody"
        case "user" if principal := current_context().principal:
            return f"user:{principal.subject}"
        case "api_key" if key := _header_of(scope, header):
            # a key is a secret, and has no place among the names of counts
            return f"key:{hashlib.blake2b(key, digest_size=16).hexdigest()}"
        case _:
            client = cast("tuple[str, int] | None", scope.get("client"))
            return f"ip:{_network_of(client[0])}" if client else "ip:"


def limit_headers(decisions: list[Named]) -> Headers:
    """Writes limits and what is left of them, as the IETF's draft on RateLimit headers has it."""
    policies, rests = [], []
    for name, decision in decisions:
        title = _quoted(name)
        limit = decision.limit
        policies.append(f"{title};q={limit.calls};w={_up(limit.period.total_seconds())}")
        rests.append(f"{title};r={decision.remaining};t={_up(decision.reset_after)}")
    return [
        (b"ratelimit-policy", ", ".join(policies).encode("ascii")),
        (b"ratelimit", ", ".join(rests).encode("ascii")),
    ]


def _up(seconds: float) -> int:
    return -int(-seconds // 1)


def _quoted(name: str) -> str:
    plain = "".join(one if " " <= one <= "~" else "?" for one in name[:_LONGEST])
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _header_of(scope: Scope, header: bytes) -> bytes:
    return next((value for name, value in cast("Headers", scope["headers"]) if name == header), b"")


@lru_cache(maxsize=4_096)
def _network_of(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:_LONGEST]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _ONE_NETWORK), strict=False))
