"""Events of older versions: what was sent before an update is taken after it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic_core import to_json

from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import Envelope, Transport, sealed
from fastapi_chassis.testing import TestApplication

from .shop import Shop

ANNOUNCED = "Your item “Dune” is on offer."


def item_created(version: int, owner_id: UUID, **more: str) -> Envelope:
    """An event as another process of the bookshop has sent it."""
    data = {"item_id": str(new_id()), "owner_id": str(owner_id), "title": "Dune", **more}
    return Envelope(
        id=new_id(),
        type="item_created",
        version=version,
        source="bookshop",
        time=datetime.now(UTC),
        destination="integration-events.item_created",
        key=data["item_id"],
        payload=to_json(data),
    )


@pytest.mark.requirement("MSG-6")
async def test_each_version_is_taken_and_a_newer_one_is_set_aside(
    memory_app: TestApplication, memory_shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await memory_shop.member()
    transport = await memory_app.get(Transport)
    owner = UUID(ada.id)
    await transport.publish([item_created(1, owner), sealed(item_created(2, owner, description="a novel"))])
    texts = [one["text"] for one in (await ada.get("/api/notifications/")).json()["items"]]
    assert texts == [ANNOUNCED, ANNOUNCED]
    await transport.publish([item_created(3, owner)])
    assert "item_created version 3 is not known; known are: 2; it is newer than this service" in caplog.text
    assert len((await ada.get("/api/notifications/")).json()["items"]) == 2
