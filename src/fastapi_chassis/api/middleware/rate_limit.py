"""EdgeLimits: the limits that configuration puts on requests, before a route is looked for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from fastapi_chassis.api.middleware.asgi import Scope
from fastapi_chassis.api.middleware.counting import caller_of, hold_to
from fastapi_chassis.api.request_scope import ApplicationResolver
from fastapi_chassis.config import ApiConfig, LimitBy, RateLimitRule
from fastapi_chassis.resilience import RateLimit, RateLimiter


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    limit: RateLimit
    path: re.Pattern[str]
    methods: frozenset[str]
    by: LimitBy
    header: bytes

    @classmethod
    def of(cls, rule: RateLimitRule) -> "_Rule":
        path = re.compile(".*".join(map(re.escape, rule.match.split("*"))), re.DOTALL)
        limit = RateLimit.of(rule.limit, burst=rule.burst or 0)
        return cls(
            rule.title, limit, path, frozenset(rule.methods), rule.by, rule.header.lower().encode("ascii")
        )

    def covers(self, method: str, path: str) -> bool:
        return (not self.methods or method in self.methods) and self.path.fullmatch(path) is not None


class EdgeLimits:
    """Counts requests for every rule that they match; those of probes for none.

    Args:
        config: the rules, and where the probes lie.
    """

    def __init__(self, config: ApiConfig) -> None:
        rules = [_Rule.of(rule) for rule in config.rate_limits]
        # who calls is known only after the token was looked at, which itself may be too much work
        self._before = [rule for rule in rules if rule.by != "user"]
        self._after = [rule for rule in rules if rule.by == "user"]
        self._health = f"{config.prefix}/health"

    def covers(self, method: str, path: str) -> bool:
        """Whether a rule counts requests of a method and a path."""
        return not self._is_probe(path) and any(
            rule.covers(method, path) for rule in (*self._before, *self._after)
        )

    async def before_caller(self, scope: Scope, chassis: ApplicationResolver) -> None:
        """Counts a request whose caller is not known yet.

        Raises:
            RateLimitedException: it is one too many.
        """
        if self._before:
            await self._hold(self._before, scope, chassis)

    async def after_caller(self, scope: Scope, chassis: ApplicationResolver) -> None:
        """Counts a request for the caller of the current context.

        Raises:
            RateLimitedException: it is one too many.
        """
        if self._after:
            await self._hold(self._after, scope, chassis)

    async def _hold(self, rules: Iterable[_Rule], scope: Scope, chassis: ApplicationResolver) -> None:
        method, path = cast("str", scope["method"]), _path_of(scope)
        if self._is_probe(path):
            return
        for rule in rules:
            if rule.covers(method, path):
                limiter = await chassis.get(RateLimiter)  # type: ignore[type-abstract]  # from the container
                await hold_to(limiter, rule.name, rule.limit, caller_of(scope, rule.by, rule.header), scope)

    def _is_probe(self, path: str) -> bool:
        return path == self._health or path.startswith(f"{self._health}/")


def _path_of(scope: Scope) -> str:
    return cast("str", scope["path"]).removeprefix(cast("str", scope.get("root_path", "")))
