import asyncio

import pytest

from fastapi_chassis.application import (
    AUTHENTICATED,
    SYSTEM,
    MessageContext,
    Principal,
    current_context,
    use_context,
)


def test_outside_of_any_message_the_context_is_empty() -> None:
    assert current_context() == MessageContext()
    assert current_context().principal is None


def test_a_context_holds_for_a_block() -> None:
    outer, inner = MessageContext(correlation_id="a"), MessageContext(correlation_id="b")
    with use_context(outer) as used:
        assert used is current_context() is outer
        with use_context(inner):
            assert current_context() is inner
        assert current_context() is outer
    assert current_context() == MessageContext()


def test_a_fault_ends_a_context_too() -> None:
    def fail() -> None:
        with use_context(MessageContext(correlation_id="a")):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert current_context() == MessageContext()


async def test_tasks_inherit_the_context_and_keep_theirs_to_themselves() -> None:
    seen: list[str] = []

    async def work(name: str) -> None:
        seen.append(current_context().correlation_id)
        with use_context(MessageContext(correlation_id=name)):
            await asyncio.sleep(0)
            seen.append(current_context().correlation_id)

    with use_context(MessageContext(correlation_id="parent")):
        await asyncio.gather(work("a"), work("b"))
        assert current_context().correlation_id == "parent"
    assert sorted(seen) == ["a", "b", "parent", "parent"]


def test_a_principal_may_what_it_was_permitted() -> None:
    reader = Principal("ada", frozenset({"items:read"}))
    assert reader.may("items:read")
    assert not reader.may("items:write")
    assert not reader.may("items")
    assert reader.may(AUTHENTICATED)
    assert Principal("nobody").may(AUTHENTICATED)
    assert not Principal("nobody").may("items:read")
    assert SYSTEM.may("anything")


def test_claims_are_not_shown() -> None:
    principal = Principal("ada", claims={"token": "secret"})
    assert "secret" not in repr(MessageContext(principal=principal))
    assert principal == Principal("ada")
