import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from fastapi_chassis.application import AbstractRepositoryInMemory, InMemoryUnitOfWork, MemoryStore
from fastapi_chassis.domain import FrozenClock, new_id
from fastapi_chassis.security import (
    InMemoryLogins,
    Login,
    LoginService,
    LoginStore,
    SecurityConfig,
    StoredLogins,
    TokenIssuer,
    TokenVerifier,
)

ADA = new_id()
CLOCK = FrozenClock()


class LoginRepository(AbstractRepositoryInMemory[Login, UUID]):
    """Logins in the store of the service."""


def begun(user_id: UUID = ADA) -> Login:
    return Login.begin(user_id, at=CLOCK.now(), life=timedelta(days=1))


@pytest.fixture(params=["memory", "repository"])
def logins(request: pytest.FixtureRequest) -> LoginStore:
    return InMemoryLogins() if request.param == "memory" else StoredLogins(LoginRepository())


async def test_what_was_added_is_found_as_a_copy(logins: LoginStore) -> None:
    login = begun()
    await logins.add(login)
    found = await logins.get(login.id)
    assert found == login
    assert found is not login
    assert await logins.get(new_id()) is None


async def test_only_the_first_of_two_saves(logins: LoginStore) -> None:
    login = begun()
    await logins.add(login)
    first, second = await logins.get(login.id), await logins.get(login.id)
    assert first is not None
    assert second is not None
    first.revoke()

    assert await logins.save(first)
    assert not await logins.save(second)
    stored = await logins.get(login.id)
    assert stored is not None
    assert stored.is_revoked


async def test_what_was_never_added_is_not_saved(logins: LoginStore) -> None:
    assert not await logins.save(begun())


async def test_open_logins_are_those_of_the_user(logins: LoginStore) -> None:
    old, new, revoked = begun(), begun(), begun()
    new.rotated_at = CLOCK.now() + timedelta(hours=1)
    revoked.revoke()
    for login in (old, new, revoked, begun(new_id())):
        await logins.add(login)

    assert [one.id for one in await logins.open_of(ADA)] == [new.id, old.id]


@pytest.mark.requirement("SEC-2")
async def test_fifty_transactions_at_once_get_one_successor() -> None:
    store, config = MemoryStore(), SecurityConfig()
    verifier = TokenVerifier(config, CLOCK)

    async def within(work: InMemoryUnitOfWork, token: str | None = None) -> str | None:
        service = LoginService(
            StoredLogins(LoginRepository(work)), TokenIssuer(config), verifier, config, CLOCK
        )
        login = await (service.refresh(token) if token else service.begin(ADA))
        await work.commit()
        return service.tokens(login, ()).refresh if login else None

    async with InMemoryUnitOfWork(store) as work:
        first = await within(work)

    async def refresh() -> str | None:
        async with InMemoryUnitOfWork(store) as work:
            return await within(work, first)

    successors = set(await asyncio.gather(*(refresh() for _ in range(50))))
    assert len(successors) == 1
    assert successors != {None}
