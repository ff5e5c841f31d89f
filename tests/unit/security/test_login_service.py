import asyncio
import logging
from datetime import timedelta
from uuid import UUID

import pytest

from fastapi_chassis.domain import FrozenClock, UnauthenticatedException, UnavailableException, new_id
from fastapi_chassis.security import (
    InMemoryLogins,
    Login,
    LoginService,
    SecurityConfig,
    TokenIssuer,
    TokenPair,
    TokenVerifier,
)

ADA = new_id()


class Desk:
    """A service with its clock and its store."""

    def __init__(self, store: InMemoryLogins | None = None) -> None:
        config = SecurityConfig()
        self.clock = FrozenClock()
        self.store = store or InMemoryLogins()
        self.verifier = TokenVerifier(config, self.clock)
        self.logins = LoginService(self.store, TokenIssuer(config), self.verifier, config, self.clock)

    async def log_in(self, user_id: UUID = ADA) -> TokenPair:
        return self.logins.tokens(await self.logins.begin(user_id), {"items:write"})

    async def refresh(self, token: str) -> TokenPair | None:
        login = await self.logins.refresh(token)
        return self.logins.tokens(login, {"items:write"}) if login else None


@pytest.mark.requirement("SEC-2", "MISTAKE-3")
async def test_a_login_is_continued_again_and_again() -> None:
    desk = Desk()
    pair = await desk.log_in()
    for _ in range(5):
        desk.clock.advance(timedelta(minutes=5))
        following = await desk.refresh(pair.refresh)
        assert following is not None
        assert following.refresh != pair.refresh
        assert desk.verifier.access(following.access).user_id == ADA
        pair = following


@pytest.mark.requirement("SEC-2")
async def test_fifty_at_once_get_one_successor() -> None:
    desk = Desk()
    pair = await desk.log_in()

    pairs = await asyncio.gather(*(desk.refresh(pair.refresh) for _ in range(50)))

    assert len({one and one.refresh for one in pairs}) == 1
    assert pairs[0] is not None
    assert await desk.refresh(pairs[0].refresh) is not None


@pytest.mark.requirement("SEC-2")
async def test_a_stolen_token_ends_the_login_for_both(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    stolen = await desk.log_in()
    own = await desk.refresh(stolen.refresh)
    assert own is not None
    desk.clock.advance(timedelta(seconds=11))

    assert await desk.refresh(stolen.refresh) is None
    assert await desk.refresh(own.refresh) is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert stolen.refresh not in caplog.text


@pytest.mark.requirement("SEC-2")
async def test_logging_out_ends_one_login_or_all() -> None:
    desk = Desk()
    phone, laptop, tablet = [await desk.log_in() for _ in range(3)]
    other = await desk.log_in(new_id())

    assert len(await desk.logins.open_of(ADA)) == 3
    assert await desk.logins.end(ADA, desk.verifier.refresh(phone.refresh).login_id) == 1
    assert await desk.refresh(phone.refresh) is None
    assert await desk.refresh(laptop.refresh) is not None
    assert await desk.logins.end(ADA) == 2
    assert await desk.refresh(tablet.refresh) is None
    assert await desk.refresh(other.refresh) is not None
    assert await desk.logins.end(ADA, desk.verifier.refresh(other.refresh).login_id) == 0


async def test_a_login_ends_after_its_life_however_often_it_is_refreshed() -> None:
    desk = Desk()
    pair = await desk.log_in()
    for _ in range(4):
        desk.clock.advance(timedelta(days=1))
        pair = await desk.refresh(pair.refresh) or pair
    desk.clock.advance(timedelta(days=1, seconds=11))

    with pytest.raises(UnauthenticatedException):
        await desk.refresh(pair.refresh)
    assert await desk.logins.open_of(ADA) == []


async def test_an_access_token_continues_nothing() -> None:
    desk = Desk()
    pair = await desk.log_in()
    with pytest.raises(UnauthenticatedException):
        await desk.refresh(pair.access)


async def test_a_login_that_is_gone_is_worth_nothing() -> None:
    pair = await Desk().log_in()
    assert await Desk().refresh(pair.refresh) is None


class AlwaysTooLate(InMemoryLogins):
    async def save(self, login: Login) -> bool:
        return False


async def test_it_gives_up_where_others_are_always_faster() -> None:
    desk = Desk(AlwaysTooLate())
    pair = await desk.log_in()
    with pytest.raises(UnavailableException):
        await desk.refresh(pair.refresh)
    with pytest.raises(UnavailableException):
        await desk.logins.end(ADA)


async def test_asked_twice_it_makes_the_same_tokens() -> None:
    desk = Desk()
    login = await desk.logins.begin(ADA)
    desk.clock.advance(timedelta(seconds=3))

    assert desk.logins.tokens(login, {"a"}) == desk.logins.tokens(login, {"a"})
