"""Dead letters: an administrator sees, edits and replays a poisoned message, which has its effect once."""

from dataclasses import replace

import pytest

from bookshop.items.events import ItemCreated
from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import Envelope, MessagingConfig, writer_for
from fastapi_chassis.testing import TestApplication

from .shop import Member, Shop, assert_problem

HERE = "/api/dead-letters"


def told(member: Member, title: str) -> Envelope:
    event = ItemCreated(item_id=new_id(), owner_id=member.id, title=title, description="")
    return writer_for(MessagingConfig(), source="bookshop").write(RecordedEvent(event, "item", "one"))


async def texts(member: Member) -> list[str]:
    return [one["text"] for one in (await member.get("/api/notifications/")).json()["items"]]


@pytest.mark.requirement("MSG-7", "REF-5")
async def test_a_poisoned_message_is_listed_edited_and_replayed(app: TestApplication, shop: Shop) -> None:
    ada, root = await shop.member(), await shop.administrator()
    good = told(ada, "Dune")
    poisoned = replace(good, payload=b'{"poison": true}')
    await app.application.assembly.road.transport.publish([poisoned])
    await app.settled()
    (dead,) = await waiting(root)
    assert (dead["group"], dead["type"]) == ("bookshop.notifications", "item_created")
    assert dead["message_id"] == str(good.id)
    one = f"{HERE}/{dead['id']}"
    assert (await root.get(one)).json()["payload"] == '{"poison": true}'
    assert (await root.post(f"{one}/replay")).json()["state"] == "waiting"
    assert await texts(ada) == []
    edited = await root.request("PATCH", one, json={"payload": good.payload.decode()})
    assert edited.status_code == 200, edited.text
    assert (await root.post(f"{one}/replay")).json()["state"] == "replayed"
    assert_problem(await root.post(f"{one}/replay"), 409, "CONFLICT")
    await app.application.assembly.road.transport.publish([good])  # the broker brings it again
    await app.settled()
    assert await texts(ada) == ["Your item \u201cDune\u201d is on offer."]
    assert await waiting(root) == []


@pytest.mark.requirement("REF-2")
async def test_only_administrators_see_them(memory_shop: Shop) -> None:
    ada = await memory_shop.member()
    assert_problem(await memory_shop.client.get(HERE), 401, "UNAUTHENTICATED")
    assert_problem(await ada.get(HERE), 403, "FORBIDDEN")
    assert_problem(await ada.post(f"{HERE}/discard", {"all": True}), 403, "FORBIDDEN")


async def waiting(member: Member) -> list[dict[str, object]]:
    answer = await member.get(HERE)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]
