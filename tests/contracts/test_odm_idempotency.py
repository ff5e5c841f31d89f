"""ODMIdempotencyStore obeys the contract of every store of answers, on a server without transactions."""

import pytest

from fastapi_chassis.testing.contracts.idempotency import IdempotencyContract
from tests.contracts.odm_store import OnFerret


@pytest.mark.requirement("DOM-7", "REP-7")
class TestIdempotencyOnFerret(OnFerret, IdempotencyContract):
    pass
