"""The configuration: where the database is, and what an operator gets to see of it."""

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import EnvironmentEnum
from fastapi_chassis.plugins.odm import ODMConfig


def config(**values: object) -> ODMConfig:
    return ODMConfig.model_validate(values)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "service"),
        ({"url": "mongodb://host/shop"}, "shop"),
        ({"url": "mongodb://host/shop?replicaSet=rs0"}, "shop"),
        ({"url": "mongodb://host/", "database": "books"}, "books"),
        ({"url": "mongodb://host/shop", "database": "books"}, "books"),
        ({"url": "mongodb+srv://host/my%20shop"}, "my shop"),
    ],
)
def test_the_database_is_named(values, name):
    assert config(**values).database_name == name


@pytest.mark.parametrize(
    "values",
    [
        {"url": "postgresql://host/shop"},
        {"url": "mongodb://"},
        {"url": "mongodb://[::1"},
        {"url": "host"},
        {"url": "mongodb://host/?tls=true&tlsInsecure=true"},
        {"url": "mongodb://host/shop?tlsallowinvalidcertificates=TRUE"},
        {"url": "mongodb+srv://host/?tlsAllowInvalidHostnames=true"},
        {"database": "a/b"},
        {"database": "a.b"},
        {"database": "x" * 64},
        {"password": "horse"},
        {"command_timeout": 0},
        {"command_timeout": float("inf")},
        {"pool_size": 0},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(values):
    with pytest.raises(ValidationError):
        config(**values)


def test_no_password_shows():
    told = config(
        url="mongodb://user:horse@one,two:27018/shop?replicaSet=rs0", username="u", password="staple"
    )
    assert told.place == "one,two:27018/shop"
    for text in (repr(told), told.model_dump_json(), told.place):
        assert "horse" not in text
        assert "staple" not in text


def test_production_wants_to_know_its_server():
    unverified = {"tls": {"enabled": True, "verify": False}}
    assert not config(**unverified).tls.verify
    with pytest.raises(ValidationError, match="anybody may pass for the server"):
        ODMConfig.model_validate(unverified, context={"environment": EnvironmentEnum.PRODUCTION})
