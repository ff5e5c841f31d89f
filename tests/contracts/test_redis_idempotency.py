"""RedisIdempotencyStore obeys the contract of every store of answers."""

import pytest

from fastapi_chassis.testing.contracts import IdempotencyContract
from tests.contracts.redis_store import OnRedis


@pytest.mark.requirement("DOM-7")
class TestIdempotency(OnRedis, IdempotencyContract):
    pass
