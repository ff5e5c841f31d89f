from datetime import UTC, datetime, timedelta

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.security import Login, RotationEnum

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
GRACE = timedelta(seconds=10)


def begun() -> Login:
    return Login.begin(new_id(), at=NOON, life=timedelta(days=5))


def rotate(login: Login, token: str, *, seconds: float = 0) -> RotationEnum:
    return login.rotate(token, at=NOON + timedelta(seconds=seconds), grace=GRACE)


@pytest.mark.requirement("SEC-2")
def test_a_token_is_good_for_one_rotation() -> None:
    login = begun()
    first = login.token_id

    assert rotate(login, first) is RotationEnum.ROTATED
    assert login.token_id != first
    assert login.token_before == first
    assert rotate(login, login.token_id) is RotationEnum.ROTATED


@pytest.mark.requirement("SEC-2")
def test_within_the_grace_it_gives_the_same_successor() -> None:
    login = begun()
    first = login.token_id
    rotate(login, first)
    successor = login.token_id

    assert rotate(login, first, seconds=10) is RotationEnum.REPEATED
    assert login.token_id == successor
    assert not login.is_revoked


@pytest.mark.requirement("SEC-2")
def test_a_later_reuse_ends_the_login() -> None:
    login = begun()
    first = login.token_id
    rotate(login, first)

    assert rotate(login, first, seconds=10.1) is RotationEnum.REUSED
    assert login.is_revoked
    assert rotate(login, login.token_id, seconds=11) is RotationEnum.REFUSED


@pytest.mark.requirement("SEC-2")
def test_a_token_older_than_the_one_before_ends_the_login_also_within_the_grace() -> None:
    login = begun()
    first = login.token_id
    rotate(login, first)
    rotate(login, login.token_id)

    assert rotate(login, first) is RotationEnum.REUSED


def test_a_refresh_never_moves_the_end() -> None:
    login = begun()
    ends = login.ends_at
    rotate(login, login.token_id, seconds=3_600)

    assert login.ends_at == ends
    assert rotate(login, login.token_id, seconds=5 * 86_400) is RotationEnum.REFUSED


def test_a_revoked_login_is_worth_nothing() -> None:
    login = begun()
    login.revoke()

    assert rotate(login, login.token_id) is RotationEnum.REFUSED


def test_tokens_cannot_be_guessed() -> None:
    assert len({begun().token_id for _ in range(100)}) == 100
    assert len(begun().token_id) >= 32
