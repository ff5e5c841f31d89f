from typing import Protocol

import pytest

from fastapi_chassis.config import DependencyConfig, ScopeEnum


class Mailer(Protocol):
    def send(self) -> None: ...


class Smtp:
    def send(self) -> None: ...


@pytest.mark.requirement("APP-5")
def test_bindings() -> None:
    made = Smtp()
    config = DependencyConfig("shop").bind(Mailer, Smtp, scope=ScopeEnum.APPLICATION).bind(Smtp)
    assert [(binding.interface, binding.factory, binding.scope, binding.origin) for binding in config] == [
        (Mailer, Smtp, ScopeEnum.APPLICATION, "shop"),
        (Smtp, Smtp, ScopeEnum.MESSAGE, "shop"),
    ]
    (_, last) = config.bind_instance(Smtp, made)
    assert last.factory() is made
    assert last.scope is ScopeEnum.APPLICATION
