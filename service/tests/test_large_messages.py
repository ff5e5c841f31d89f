"""An item with a long description: over the broker goes a reference, by configuration alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from fastapi_chassis.testing import TestApplication, eventually, open_application

from .conftest import built, quick_passwords
from .shop import Shop

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-15")]

DESCRIPTION = "\N{BOOKS}" * 4_000  # 16 kB


@pytest.fixture
def payloads(tmp_path: Path) -> Path:
    (tmp_path / "payloads").mkdir()
    return tmp_path / "payloads"


@pytest.fixture
async def app(nats_url: str, payloads: Path, tmp_path: Path) -> AsyncIterator[TestApplication]:
    environ = {
        "NATS_ENABLED": "true",
        "NATS_URL": nats_url,
        "CLAIM_CHECK_THRESHOLD": "10000",
        "CLAIM_CHECK_DIRECTORY": str(payloads),
    }
    settings: dict[str, object] = {"messaging.destination_prefix": f"bookshop-{uuid4().hex}"}
    url = f"sqlite+aiosqlite:///{tmp_path / 'bookshop.db'}"
    async with open_application(built(url, quick_passwords(), settings=settings, environ=environ)) as app:
        yield app


def texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()]


async def test_an_item_with_a_long_description_is_announced(app: TestApplication, payloads: Path) -> None:
    ada = await Shop(app).member()
    await ada.offer("Dune", description=DESCRIPTION)
    await ada.offer("Emma", description="short")

    async def announced() -> bool:
        return len((await ada.get("/api/notifications/")).json()["items"]) == 2

    await eventually(announced)
    (left,) = texts(payloads)
    assert DESCRIPTION in left
