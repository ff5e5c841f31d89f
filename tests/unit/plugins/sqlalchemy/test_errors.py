"""What PostgreSQL's codes mean to the caller."""

import pytest
from asyncpg.exceptions import (
    DeadlockDetectedError,
    SerializationError,
    StatementCompletionUnknownError,
    TransactionIntegrityConstraintViolationError,
)

from fastapi_chassis.domain import ConflictException, TransientConflictException, UnavailableException
from fastapi_chassis.plugins.sqlalchemy.errors import told


@pytest.mark.requirement("REP-5")
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DeadlockDetectedError, TransientConflictException),
        (SerializationError, TransientConflictException),
        # begun anew it might be done twice
        (StatementCompletionUnknownError, UnavailableException),
        # begun anew it would fail again
        (TransactionIntegrityConstraintViolationError, ConflictException),
    ],
)
def test_only_a_transaction_that_was_given_up_for_another_is_worth_another_try(error, kind):
    assert type(told(error("of the driver"))) is kind
