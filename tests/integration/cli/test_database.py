"""A database that is away, or not up to date, through the real command line."""

import signal
import sqlite3
from contextlib import closing

import pytest

from tests.integration.cli.folder import CANARY, Folder, free_port

HOSTS = "api: {allowed_hosts: [shop.example.com]}\nsecurity: {secret_key: 8qN2vX4rT6yU1iO3pA5sD7fG9hJ0kL2z}\n"


@pytest.fixture
def away(folder: Folder) -> Folder:
    url = f"postgresql://shop:{CANARY}@127.0.0.1:{free_port()}/shop"
    folder.write("application.yaml", f"plugins: {{sqlalchemy: {{url: '{url}'}}}}\n")
    return folder


@pytest.fixture
def sqlite(folder: Folder) -> Folder:
    folder.write(
        "application.yaml",
        f"{HOSTS}server: {{port: {free_port()}}}\n"
        "plugins: {sqlalchemy: {url: 'sqlite+aiosqlite:///shop.db'}}\n",
    )
    return folder


@pytest.mark.requirement("APP-8")
def test_database_away_at_start(away: Folder) -> None:
    report = away.chassis("run", "--port", "0").report
    assert "plugin sqlalchemy could not start" in report
    assert "127.0.0.1" in report


def test_database_away_for_migrations(away: Folder) -> None:
    assert "127.0.0.1" in away.chassis("migrate").report
    done = away.chassis("doctor")
    assert done.code == 1
    assert "plugin sqlalchemy could not start" in done.out
    assert CANARY not in done.out


@pytest.mark.requirement("APP-8")
def test_missing_migration_at_start_in_production(sqlite: Folder) -> None:
    report = sqlite.chassis("run", "--port", "0", "--profile", "production").report
    assert "plugin sqlalchemy could not start" in report
    assert "chassis migrate" in report


@pytest.mark.requirement("APP-8")
def test_migrated_database_serves_production(sqlite: Folder) -> None:
    done = sqlite.chassis("migrate", "--profile", "production")
    assert done.code == 0, done.err
    assert "sqlalchemy  applied" in done.out
    with sqlite.running("--profile", "production") as service:
        assert "sqlalchemy · ready in" in service.prints("ready in")
        assert service.stopped_by(signal.SIGTERM) == 0


def test_doctor_finds_the_missing_migration_and_changes_nothing(sqlite: Folder) -> None:
    done = sqlite.chassis("doctor")
    assert done.code == 1
    assert "run chassis migrate" in done.out
    with closing(sqlite3.connect(sqlite.path / "shop.db")) as database:
        assert database.execute("select name from sqlite_master").fetchall() == []


@pytest.mark.requirement("REP-6")
def test_a_version_is_written_applied_and_undone(sqlite: Folder) -> None:
    config = (sqlite.path / "application.yaml").read_text(encoding="utf-8")
    assert "no folder is named for versions" in sqlite.chassis("migrate", "--new", "items").report
    sqlite.write("application.yaml", config.replace("shop.db'", "shop.db', migrations: migrations"))
    assert "chassis migrate --new" in sqlite.chassis("migrate").report
    written = sqlite.chassis("migrate", "--new", "items", "--json").json["sqlalchemy"]
    assert "create_table('item'" in (sqlite.path / written).read_text(encoding="utf-8")
    assert "sqlalchemy  applied  service" in sqlite.chassis("migrate").out
    assert sqlite.chassis("migrate", "--new", "nothing").out == "sqlalchemy  nothing to do\n"
    assert "sqlalchemy  undone  service" in sqlite.chassis("migrate", "--down", "-1").out
    assert sqlite.chassis("migrate", "--check").code == 1
    assert "exclude each other" in sqlite.chassis("migrate", "--check", "--new", "items").err


def test_messages_name_the_store(sqlite: Folder) -> None:
    out = sqlite.chassis("messages", "--explain").out
    assert "outbox sqlalchemy" in out
    assert "inbox sqlalchemy" in out
