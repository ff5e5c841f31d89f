"""RateLimitRule: how many requests of one caller the edge takes, and how a rate is written."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from fastapi_chassis.config.base import ConfigModel

type LimitBy = Literal["ip", "user", "api_key", "route"]

MOST_PER_SECOND = 10_000
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_LONGEST = timedelta(days=366)
_RATE = re.compile(r"(?P<calls>[0-9]{1,9})/(?P<several>[0-9]{0,5})(?P<unit>s|min|h|d)")


def read_rate(text: str) -> tuple[int, timedelta]:
    """Reads `100/min`, or `20/15min`: how many, and in which time.

    Raises:
        ValueError: it is written otherwise, or is no rate that can be kept.
    """
    found = _RATE.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ValueError(f"expected a rate such as 10/s, 100/min, 20/15min, 500/h or 5000/d, got {text!r}")
    calls = int(found["calls"])
    period = timedelta(seconds=int(found["several"] or 1) * _UNITS[found["unit"]])
    check_rate(calls, period)
    return calls, period


def check_rate(calls: int, period: timedelta) -> None:
    """Refuses what no limiter can keep.

    Raises:
        ValueError: no calls, no time, a year or more, or too many a second.
    """
    if calls < 1 or not timedelta(0) < period <= _LONGEST:
        raise ValueError("a rate is at least 1 call, in more than no time and at most 366 days")
    if calls > MOST_PER_SECOND * period.total_seconds():
        raise ValueError(f"a rate is at most {MOST_PER_SECOND:,} calls a second")


def _rate(text: str) -> str:
    read_rate(text)
    return text


def _path_pattern(pattern: str) -> str:
    if re.fullmatch(r"[/*][!-~]*", pattern) is None:
        raise ValueError("must begin with a slash or a star, as /api/auth/*, and have no spaces")
    return pattern


def _header(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) is None:
        raise ValueError("must be the name of a header, as X-Api-Key")
    return name


class RateLimitRule(ConfigModel):
    """One limit; a request counts for every rule that it matches.

    Args:
        limit: the rate, as `100/min`.
        burst: how many may come at once; as many as the rate says, where nothing is given.
        match: the path, the prefix of the API included; a star is any text.
        methods: the methods; none means all.
        by: whose requests are counted together. `user` and `api_key` fall back on the address; `route`
            counts everybody's.
        header: where the API key stands.
        name: what answers call it.
    """

    limit: Annotated[str, AfterValidator(_rate)]
    burst: Annotated[int | None, Field(ge=1)] = None
    match: Annotated[str, AfterValidator(_path_pattern)] = "*"
    methods: tuple[Annotated[str, Field(pattern=r"^[A-Z]+$")], ...] = ()
    by: LimitBy = "ip"
    header: Annotated[str, AfterValidator(_header)] = "X-Api-Key"
    name: Annotated[str, Field(pattern=r"^[!-~]*$", max_length=100)] = ""

    @model_validator(mode="after")
    def _burst_within_rate(self) -> Self:
        if self.burst is not None and self.burst > read_rate(self.limit)[0]:
            raise ValueError("burst is more than the rate has: write the rate for a longer time")
        return self

    @property
    def title(self) -> str:
        """Its name, or one made of what it says."""
        methods = f"{','.join(self.methods)}:" if self.methods else ""
        return self.name or f"{self.by}:{methods}{self.match}"
