"""kill -9 of a consumer whose messages share commits: at no point an effect is lost, or doubled."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig
from fastapi_chassis.plugins.sqlalchemy.testing import open_store
from tests.integration.plugins.sqlalchemy.dying_consumer import MESSAGES, POINTS

CONSUMER = Path(__file__).with_name("dying_consumer.py")
ONCE_PER_COMMIT = ("before the commit", "within the commit", "after the commit")


async def consumed(url: str, acknowledged: Path, point: str, left: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CONSUMER),
        url,
        str(acknowledged),
        point,
        str(left),
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    wanted = -signal.SIGKILL if point in POINTS else 0
    assert process.returncode == wanted, told.decode()


@pytest.mark.backends("postgresql")
@pytest.mark.requirement("MSG-5", "MSG-6")
@pytest.mark.parametrize("point", POINTS)
async def test_no_effect_is_lost_or_doubled(postgresql_url: str, tmp_path: Path, point: str) -> None:
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    async with open_store(SqlAlchemyConfig.model_validate({"url": postgresql_url})) as store:
        # nothing here is unique, so that a second effect shows
        await store.database.transaction(lambda one: one.execute(text("CREATE TABLE effects (number int)")))
        for left in (1, 2, 1) if point in ONCE_PER_COMMIT else (3, 25, 11):
            await consumed(postgresql_url, acknowledged, point, left)
        await consumed(postgresql_url, acknowledged, "nowhere", 1)
        counts = await store.database.read(
            lambda one: one.execute(text("SELECT number, count(*) FROM effects GROUP BY number")).all()
        )
    assert dict(map(tuple, counts)) == dict.fromkeys(range(MESSAGES), 1)
    assert len(acknowledged.read_text().split()) == MESSAGES
