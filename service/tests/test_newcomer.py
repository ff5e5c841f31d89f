"""The newcomer's road: sign up, log in, create an item, and see what another module made of it."""

import pytest

from bookshop.items.events import ItemCreated
from bookshop.notifications.consumers import announce
from fastapi_chassis.testing import TestApplication

from .shop import PASSWORD, Shop


@pytest.mark.requirement("REF-2", "REF-5", "DOM-5", "MISTAKE-6")
async def test_a_newcomer_sees_the_notification(app: TestApplication, shop: Shop) -> None:
    signed_up = await shop.sign_up("Ada@Example.com")
    assert signed_up.status_code == 201
    assert signed_up.json().keys() >= {"uuid", "email", "created_at"}

    form = {"username": "ada@example.com", "password": PASSWORD}
    token = (await app.client.post("/api/auth/token", data=form)).json()
    assert token["token_type"] == "bearer"
    headers = {"Authorization": f"Bearer {token['access_token']}"}

    me = (await app.client.get("/api/users/me", headers=headers)).json()
    assert (me["uuid"], me["email"]) == (signed_up.json()["uuid"], "ada@example.com")

    created = await app.client.post("/api/items/", json={"title": "Dune"}, headers=headers)
    assert created.status_code == 201
    await app.settled()
    app.published(ItemCreated, title="Dune", times=1)
    app.handled(announce, times=1)

    told = (await app.client.get("/api/notifications/", headers=headers)).json()
    assert [one["text"] for one in told["items"]] == ["Your item “Dune” is on offer."]
