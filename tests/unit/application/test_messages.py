from uuid import UUID

import pytest

from fastapi_chassis.application import AUTHENTICATED, Command, Policy, Query, Request
from fastapi_chassis.domain import Message


class CreateItem(Command[UUID], requires="items:write"):
    title: str


class FindItem(Query[str], public=True, name="items.find"):
    title: str = ""


class Open(Command[None]):
    pass


class Derived(CreateItem):
    note: str = ""


class DerivedOpen(CreateItem, public=True):
    pass


@pytest.mark.requirement("DOM-2")
def test_requests_are_messages_with_a_policy() -> None:
    assert issubclass(CreateItem, Message)
    assert issubclass(CreateItem, Request)
    assert not issubclass(CreateItem, Query)
    assert CreateItem(title="a") == CreateItem(title="a")
    assert CreateItem.policy == Policy(("items:write",))
    assert FindItem.policy == Policy(public=True)
    assert Open.policy is None


def test_names() -> None:
    assert (CreateItem.message_name, FindItem.message_name) == ("create_item", "items.find")


def test_a_policy_is_inherited_until_another_is_declared() -> None:
    assert Derived.policy == Policy(("items:write",))
    assert DerivedOpen.policy == Policy(public=True)


def test_several_permissions_may_be_required() -> None:
    class Both(Command[None], requires=("a", "b")):
        pass

    class Known(Query[None], requires=AUTHENTICATED):
        pass

    assert Both.policy == Policy(("a", "b"))
    assert str(Both.policy) == "requires a, b"
    assert Known.policy == Policy(("authenticated",))
    assert str(FindItem.policy) == "public"


def test_public_and_requires_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="exclude each other"):

        class Wrong(Command[None], public=True, requires="a"):
            pass
