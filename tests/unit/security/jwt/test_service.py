from datetime import timedelta

import pytest

from fastapi_chassis.domain import FrozenClock, UnauthenticatedException, new_id
from fastapi_chassis.security import JWTAuthenticationService, SecurityConfig, TokenIssuer, TokenVerifier
from fastapi_chassis.security.jwt.payload import AccessPayload


class Counting(TokenVerifier):
    read = 0

    def access(self, token: str) -> AccessPayload:
        self.read += 1
        return super().access(token)


def service() -> tuple[JWTAuthenticationService, Counting, FrozenClock]:
    clock = FrozenClock()
    verifier = Counting(SecurityConfig(leeway=0), clock)
    return JWTAuthenticationService(verifier, clock), verifier, clock


def token(clock: FrozenClock, subject: object = None) -> str:
    issuer, now = TokenIssuer(SecurityConfig()), clock.now()
    pair = issuer.issue(
        subject or new_id(),  # type: ignore[arg-type]
        login_id=new_id(),
        token_id="abcdefghijklmnop",
        permissions={"a"},
        at=now,
        login_ends=now + timedelta(days=5),
    )
    return pair.access


@pytest.mark.requirement("SEC-1")
async def test_a_token_speaks_for_its_user() -> None:
    authentication, _, clock = service()
    ada = new_id()
    principal = await authentication.authenticate(token(clock, ada))

    assert principal.subject == str(ada)
    assert principal.may("a")
    assert principal.claims["sid"] == "abcdefgh"


async def test_a_signature_is_checked_once_and_the_end_each_time() -> None:
    authentication, verifier, clock = service()
    access = token(clock)
    for _ in range(10):
        await authentication.authenticate(access)
    assert verifier.read == 1

    clock.advance(timedelta(minutes=5))
    with pytest.raises(UnauthenticatedException):
        await authentication.authenticate(access)


async def test_a_bad_token_is_never_remembered() -> None:
    authentication, verifier, _ = service()
    for _ in range(3):
        with pytest.raises(UnauthenticatedException):
            await authentication.authenticate("forged")
    assert verifier.read == 3


async def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi_chassis.security.jwt.service._MOST_REMEMBERED", 2)
    authentication, verifier, clock = service()
    first, *others = [token(clock) for _ in range(3)]
    for access in (first, *others, others[-1]):
        await authentication.authenticate(access)
    assert verifier.read == 3

    await authentication.authenticate(first)
    assert verifier.read == 4
