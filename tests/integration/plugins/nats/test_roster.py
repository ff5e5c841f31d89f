"""Members hear of each other and share the parts evenly."""

import asyncio

import pytest

from fastapi_chassis.domain import new_id
from fastapi_chassis.plugins.nats.roster import Roster
from fastapi_chassis.testing import eventually
from tests.integration.plugins.nats.conftest import NatsRoad

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


async def test_parts_are_shared_by_those_who_are_there(road: NatsRoad) -> None:
    wire = await road.broker.consuming.wire()
    group, changes = f"group.{new_id()}", []
    rosters = [Roster(group, name, 1, lambda: changes.append(1)) for name in ("ann", "bob", "cid")]
    stranger = Roster(f"{group}.other", "dan", 1, lambda: None)
    ann, bob, cid = rosters
    assert ann.own(6) == frozenset(range(6))
    for one in (*rosters, stranger):
        await one.listen(wire)
    for one in (*rosters, stranger):
        await one.tell(wire)
    await eventually(lambda: all(len(one.own(6)) == 2 for one in rosters))
    assert ann.own(6) | bob.own(6) | cid.own(6) == frozenset(range(6))
    assert [len(one.own(2)) for one in rosters] == [1, 1, 0]
    assert len(changes) == 6

    await cid.tell_gone(wire)
    await eventually(lambda: len(ann.own(6)) == 3)
    begun = len(changes)
    await ann.tell_free(wire)
    await eventually(lambda: len(changes) == begun + 2)  # bob, and cid, who listens still


async def test_who_falls_silent_is_gone(road: NatsRoad) -> None:
    wire = await road.broker.consuming.wire()
    group = f"group.{new_id()}"
    ann, bob = (Roster(group, name, 0.3, lambda: None) for name in ("ann", "bob"))
    await ann.listen(wire)
    await bob.tell(wire)
    await eventually(lambda: ann.own(6) == {0, 2, 4})
    await asyncio.sleep(0.35)
    assert ann.own(6) == frozenset(range(6))
