"""Notifications: made of the events of others, seen by whom they are for."""

from datetime import timedelta

import pytest

from fastapi_chassis.testing import TestApplication

from .shop import Shop, assert_problem


@pytest.mark.requirement("REF-7")
async def test_each_member_is_told_of_their_own(app: TestApplication, shop: Shop) -> None:
    ada, eve = await shop.member(), await shop.member("eve@example.com")
    await ada.offer("Dune")
    await eve.offer("Emma")
    await app.settled()
    (mine,) = (await ada.get("/api/notifications/")).json()["items"]
    assert (mine["text"], mine["is_read"]) == ("Your item “Dune” is on offer.", False)
    assert_problem(await eve.post(f"/api/notifications/{mine['id']}/read"), 404, "NOT_FOUND")
    assert (await ada.post(f"/api/notifications/{mine['id']}/read")).status_code == 204
    assert (await ada.post(f"/api/notifications/{mine['id']}/read")).status_code == 204
    (mine,) = (await ada.get("/api/notifications/")).json()["items"]
    assert mine["is_read"] is True
    assert_problem(await shop.client.get("/api/notifications/"), 401, "UNAUTHENTICATED")


async def test_notifications_come_in_pages(app: TestApplication, shop: Shop) -> None:
    ada = await shop.member()
    for number in range(5):
        await ada.offer(f"Book {number}")
    await app.settled()
    first = (await ada.get("/api/notifications/?limit=3")).json()
    rest = (await ada.get("/api/notifications/", params={"limit": 3, "after": first["next"]})).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)
    eve = await shop.member("eve@example.com")
    foreign = await eve.get("/api/notifications/", params={"limit": 3, "after": first["next"]})
    assert_problem(foreign, 422, "INVALID_CURSOR")


@pytest.mark.requirement("DOM-5")
async def test_what_is_refused_announces_nothing(app: TestApplication, shop: Shop) -> None:
    ada = await shop.member()
    assert_problem(await ada.post("/api/items/", {"title": ""}), 422)
    await app.settled()
    assert app.events == []
    assert (await ada.get("/api/notifications/")).json()["items"] == []


@pytest.mark.requirement("MSG-8")
async def test_a_week_later_each_member_is_asked_once_about_an_item(app: TestApplication, shop: Shop) -> None:
    ada = await shop.member()
    await ada.offer("Dune")
    await app.settled()
    for _ in range(2):
        await app.advance(timedelta(days=7))
    ada = await shop.entered()
    texts = [one["text"] for one in (await ada.get("/api/notifications/")).json()["items"]]
    assert texts == ["Has your item “Dune” found a reader?", "Your item “Dune” is on offer."]
