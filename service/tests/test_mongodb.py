"""The bookshop with its one store in MongoDB, by configuration alone: messages, later ones, and dead ones."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import TestApplication, frozen, open_application

from . import test_dead_letters, test_notifications
from .conftest import built, quick_passwords
from .shop import Shop

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]


@pytest.fixture
async def app(ferretdb_url: str, clock: FrozenClock) -> AsyncIterator[TestApplication]:
    settings: dict[str, object] = {
        "service.store": "odm",
        "plugins.odm.enabled": True,
        "plugins.odm.url": ferretdb_url,
        "plugins.odm.database": f"bookshop_{uuid4().hex[:12]}",
    }
    service = built(None, frozen(clock), quick_passwords(), settings=settings)
    async with open_application(service, clock=clock) as app:
        yield app


@pytest.mark.requirement("MSG-7")
async def test_a_poisoned_message_is_replayed(app: TestApplication, shop: Shop) -> None:
    await test_dead_letters.test_a_poisoned_message_is_listed_edited_and_replayed(app, shop)


@pytest.mark.requirement("MSG-8")
async def test_a_member_is_asked_a_week_later(app: TestApplication, shop: Shop) -> None:
    await test_notifications.test_a_week_later_each_member_is_asked_once_about_an_item(app, shop)


async def test_each_member_is_told(app: TestApplication, shop: Shop) -> None:
    await test_notifications.test_each_member_is_told_of_their_own(app, shop)
