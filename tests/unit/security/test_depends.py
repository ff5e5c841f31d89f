import pytest

from fastapi_chassis.application import AUTHENTICATED, MessageContext, Policy, Principal, use_context
from fastapi_chassis.domain import ForbiddenException, UnauthenticatedException
from fastapi_chassis.security import Authenticated, Guard, Public, requires

ADA = Principal("ada", frozenset({"items:read"}))
ROOT = Principal("root", frozenset({"*"}))


async def passed(guard: Guard, principal: Principal | None) -> Principal | None:
    with use_context(MessageContext(principal=principal)):
        return await guard()


@pytest.mark.requirement("SEC-4")
async def test_a_guard_lets_pass_who_may() -> None:
    assert await passed(Guard(Policy(("items:read",))), ADA) is ADA
    assert await passed(Guard(Policy(("anything", "else"))), ROOT) is ROOT
    assert await passed(Guard(Policy((AUTHENTICATED,))), ADA) is ADA
    assert await passed(Guard(Policy(public=True)), None) is None


@pytest.mark.requirement("SEC-4", "DOM-4")
async def test_a_guard_refuses_everybody_else() -> None:
    with pytest.raises(UnauthenticatedException):
        await passed(Guard(Policy((AUTHENTICATED,))), None)
    with pytest.raises(ForbiddenException) as told:
        await passed(Guard(Policy(("items:read", "items:write"))), ADA)
    assert told.value.details == {"permission": "items:write"}


def test_declarations_carry_their_policy() -> None:
    found = [one.dependency.policy for one in (Public, Authenticated, requires("a", "b"))]  # type: ignore[union-attr]
    assert [str(policy) for policy in found] == ["public", "requires authenticated", "requires a, b"]
