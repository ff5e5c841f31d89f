from typing import get_type_hints
from uuid import UUID

import pytest

from fastapi_chassis.app import Container, Need
from fastapi_chassis.application import AbstractRepositoryInMemory
from fastapi_chassis.config import DependencyConfig, ScopeEnum
from fastapi_chassis.domain import Clock, FrozenClock, new_id
from fastapi_chassis.security import (
    Authenticator,
    InMemoryLogins,
    JWTAuthenticationService,
    Login,
    LoginService,
    LoginStore,
    PasswordHasher,
    SecurityConfig,
    StoredLogins,
    security_dependencies,
)

CLOCK = FrozenClock()


class LoginRepository(AbstractRepositoryInMemory[Login, UUID]):
    """Logins in the store of the service."""


def surroundings() -> DependencyConfig:
    def held() -> Clock:
        return CLOCK

    bound = DependencyConfig().bind_instance(SecurityConfig, SecurityConfig())
    return bound.bind(Clock, held, scope=ScopeEnum.APPLICATION).bind(LoginRepository)


async def test_one_line_binds_all_that_a_login_needs() -> None:
    container = Container([*surroundings(), *security_dependencies()])
    assert container.check([Need(LoginService, "test"), Need(Authenticator, "test")]) == []
    container.open()
    async with container.open_scope() as scope:
        service = await scope.get(LoginService)
        pair = service.tokens(await service.begin(new_id()), {"a"})
        authenticator = await scope.get(Authenticator)  # type: ignore[type-abstract]
        assert isinstance(authenticator, JWTAuthenticationService)
        assert (await authenticator.authenticate(pair.access)).permissions == {"a"}
        assert isinstance(await scope.get(LoginStore), InMemoryLogins)  # type: ignore[type-abstract]
    async with container.open_scope() as scope:
        assert await (await scope.get(LoginService)).refresh(pair.refresh) is not None
    await container.close()


async def test_logins_lie_in_the_repository_of_the_service() -> None:
    container = Container([*surroundings(), *security_dependencies(LoginRepository)])
    assert container.check([Need(LoginService, "test")]) == []
    container.open()
    async with container.open_scope() as scope:
        assert isinstance(await scope.get(LoginStore), StoredLogins)  # type: ignore[type-abstract]
    await container.close()


def test_the_class_that_the_service_named_is_asked_for() -> None:
    (binding,) = [one for one in security_dependencies(LoginRepository) if one.interface is LoginStore]
    assert get_type_hints(binding.factory)["logins"] is LoginRepository


async def test_threads_end_with_the_application() -> None:
    container = Container([*surroundings(), *security_dependencies()])
    container.open()
    hasher = await container.get(PasswordHasher)
    await container.close()
    with pytest.raises(RuntimeError):
        await hasher.hash("correct horse")
