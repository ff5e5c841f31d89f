import pytest

from fastapi_chassis.domain import WiringError
from fastapi_chassis.security import Roles

ROLES = Roles({"reader": ["items:read"], "editor": ["reader", "items:write"], "admin": ["*"]})


@pytest.mark.requirement("SEC-4")
def test_a_role_grants_its_permissions_and_those_of_roles_that_it_names() -> None:
    assert ROLES.permissions_of(["editor"]) == {"items:read", "items:write"}
    assert ROLES.permissions_of(["reader", "admin"]) == {"items:read", "*"}


def test_nobody_may_do_nothing() -> None:
    assert ROLES.permissions_of([]) == frozenset()
    assert ROLES.permissions_of(["intruder"]) == frozenset()
    assert "editor" in ROLES
    assert "intruder" not in ROLES


def test_roles_in_a_circle_are_a_finding() -> None:
    with pytest.raises(WiringError, match="a → b → a"):
        Roles({"a": ["b"], "b": ["a"]})
