"""Migrations: there and back on each database, by the real command line."""

import shutil
from pathlib import Path

import pytest

from fastapi_chassis.testing import open_application

from .conftest import built
from .processes import chassis
from .shop import SERVICE, Shop


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.backends("postgresql"))])
def store(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.requirement("REP-6", "MISTAKE-6")
def test_there_and_back_and_there_again(database_url: str) -> None:
    def migrate(*arguments: str, code: int = 0) -> str:
        done = chassis("migrate", *arguments, DATABASE_URL=database_url)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    assert "no version" in migrate("--check", code=1)
    assert "applied  service 0001" in migrate()
    assert "undone  service 0001" in migrate("--down", "base")
    assert "applied  service 0001" in migrate()
    migrate("--check")


@pytest.mark.requirement("REP-6")
async def test_the_versions_make_the_tables_that_the_entities_need(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(SERVICE / "bookshop" / "migrations", folder)
    settings = {"plugins.sqlalchemy.migrations": str(folder)}
    (plugin,) = built(database_url, settings=settings).assembly.plugins
    migrations = plugin.migrations()
    await migrations.migrate()
    written = await migrations.write("what is missing")
    assert written is None, written.read_text(encoding="utf-8")


@pytest.mark.requirement("REF-10")
async def test_development_migrates_by_itself_and_production_says_what_to_do(database_url: str) -> None:
    async with open_application(built(database_url)) as app:
        assert (await Shop(app).sign_up()).status_code == 201
    async with open_application(built(database_url, settings={"plugins.sqlalchemy.migrate": False})) as app:
        assert (await Shop(app).log_in()).status_code == 200
