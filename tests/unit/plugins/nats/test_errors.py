"""What the client raises while the server is away is one exception to callers."""

import pytest
from nats.errors import AuthorizationError, ConnectionClosedError, Error, FlushTimeoutError

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.plugins.nats.errors import is_login, translate_errors


@pytest.mark.parametrize(
    "error", [ConnectionClosedError(), FlushTimeoutError(), OSError("reset"), Error("nats: x")]
)
def test_away_is_one_exception(error: Exception) -> None:
    with pytest.raises(UnavailableException, match="nats is away") as told, translate_errors():
        raise error
    assert told.value.__cause__ is error


def test_faults_of_our_own_stay_what_they_are() -> None:
    with pytest.raises(KeyError), translate_errors():
        raise KeyError("x")


def test_a_refused_login_is_told_apart() -> None:
    assert is_login(AuthorizationError())
    assert is_login(Error("nats: 'Authorization Violation'"))
    assert not is_login(OSError("authorization"))
