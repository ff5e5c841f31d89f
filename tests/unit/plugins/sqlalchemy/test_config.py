import pytest
from pydantic import ValidationError

from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig


def config(**values) -> SqlAlchemyConfig:
    return SqlAlchemyConfig.model_validate(values)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d", "postgresql+asyncpg://u:p@h:5433/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://u:p%40%2F@h/d?sslmode=require", "postgresql+asyncpg://u:p%40%2F@h/d?ssl=require"),
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("sqlite+aiosqlite:////tmp/a.db", "sqlite+aiosqlite:////tmp/a.db"),
    ],
)
def test_the_driver_is_chosen(url, target):
    assert config(url=url).target.render_as_string(hide_password=False) == target


@pytest.mark.requirement("CFG-6", "MISTAKE-15")
def test_an_address_may_come_in_parts():
    parts = {"server": "db.internal:5433", "user": "shop", "password": "p@ss:/?#&=w%rd", "database": "books"}
    target = config(**parts).target
    assert (target.drivername, target.host, target.port) == ("postgresql+asyncpg", "db.internal", 5433)
    assert (target.username, target.password, target.database) == ("shop", "p@ss:/?#&=w%rd", "books")
    assert config(url="", **parts).target == target
    assert config(url="sqlite:///a.db", **parts).target.database == "a.db"
    assert "p@ss" not in repr(config(**parts))


def test_an_empty_address_is_the_default():
    assert config(url="", server="").target == config().target


def test_the_default_needs_no_server():
    assert config().target.drivername == "sqlite+aiosqlite"


@pytest.mark.requirement("CFG-5", "MISTAKE-12")
def test_a_password_is_never_shown():
    shown = config(url="postgresql://shop:very-secret@db.internal/shop")
    assert "very-secret" not in repr(shown)
    assert "very-secret" not in shown.model_dump_json()
    assert shown.place == "db.internal:5432/shop"


@pytest.mark.parametrize(
    "url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "no url", "postgresql+psycopg://h/d"]
)
def test_what_is_not_served_is_refused(url):
    with pytest.raises(ValidationError) as told:
        config(url=url)
    assert "url" in str(told.value)


def test_a_refused_url_does_not_show_its_password():
    with pytest.raises(ValidationError) as told:
        config(url="mysql://shop:very-secret@h/d")
    assert "very-secret" not in str(told.value)


@pytest.mark.requirement("REP-5")
def test_every_time_out_is_set_and_the_server_gives_up_first():
    names = [name for name in SqlAlchemyConfig.model_fields if name.endswith("_timeout")]
    assert all(getattr(config(), name) > 0 for name in names)
    with pytest.raises(ValidationError):
        config(pool_timeout=0)
    with pytest.raises(ValidationError, match="above statement_timeout"):
        config(command_timeout=5, statement_timeout=5)


@pytest.mark.requirement("REP-5", "CFG-5")
def test_replicas_are_servers_of_the_same_kind():
    shown = config(url="postgresql://db/shop", replicas=["postgresql://shop:very-secret@one/shop"])
    assert shown.replicas[0].get_secret_value() == "postgresql+asyncpg://shop:very-secret@one/shop"
    assert "very-secret" not in repr(shown) + shown.model_dump_json()
    replica = shown.at(shown.replicas[0])
    assert (replica.place, replica.replicas, replica.pool_size) == ("one:5432/shop", (), shown.pool_size)


@pytest.mark.parametrize(
    "values",
    [
        {"url": "postgresql://db/shop", "replicas": ["sqlite:///a.db"]},
        {"url": "postgresql://db/shop", "replicas": ["mysql://db/shop"]},
        {"url": "sqlite:///a.db", "replicas": ["postgresql://db/shop"]},
        {"url": "sqlite:///a.db", "pgbouncer": True},
        {"url": "postgresql://db/shop", "replica_max_lag": 0},
    ],
)
def test_what_belongs_to_a_server_is_refused_elsewhere(values):
    with pytest.raises(ValidationError):
        config(**values)
