import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.config import masked, masked_text
from fastapi_chassis.config.masking import is_secret_name, scrubbed


@pytest.mark.requirement("CFG-5")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:secret@h:5432/db", "postgresql://u:***@h:5432/db"),
        ("redis://:secret@h", "redis://:***@h"),
        ("amqp://u:a@b/c@h/vhost", "amqp://u:***@h/vhost"),
        ("kafka://u:a@h1,kafka://v:b@h2", "kafka://u:***@h1,kafka://v:***@h2"),
        ("see postgresql+asyncpg://u:p:q@h/d now", "see postgresql+asyncpg://u:***@h/d now"),
        ("https://h/?token=abc&x=1", "https://h/?token=***&x=1"),
        ("http://localhost:8000/a@b", "http://localhost:8000/a@b"),
        ("https://h/path", "https://h/path"),
        ("base_postgresql://u:p@h", "base_postgresql://u:***@h"),
        ("user:password@h", "user:password@h"),
        ("", ""),
    ],
)
def test_urls(text: str, expected: str) -> None:
    assert masked_text(text) == expected


@pytest.mark.requirement("CFG-5")
@given(
    password=st.from_regex(re.compile(r"[!-~]{6,30}", re.ASCII), fullmatch=True),
    user=st.from_regex(r"[a-z]{0,8}", fullmatch=True),
)
def test_no_password_survives(password: str, user: str) -> None:
    password = f"~{password}".replace("://", "")
    shown = masked_text(f"postgresql://{user}:{password}@host.example/db")
    assert password not in shown
    assert shown == f"postgresql://{user}:***@host.example/db"


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "client_secret", "api-key", "apikey", "access_token", "signing_key"]
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)
    assert masked("x", name) == "***"


@pytest.mark.parametrize("name", ["key", "username", "token_url", "password_min_length", "tokenizer"])
def test_other_names(name: str) -> None:
    assert masked("x", name) == "x"


def test_nested() -> None:
    value = {"a": {"token": "x"}, "b": ["redis://:x@h"], "password": None, "secret": ["x", "y"], 5: 5}
    expected = {"a": {"token": "***"}, "b": ["redis://:***@h"], "password": None, "secret": "***", 5: 5}
    assert masked(value) == expected


@pytest.mark.requirement("CFG-5", "APP-8")
def test_known_secrets_are_scrubbed_from_texts() -> None:
    assert (
        scrubbed("bad: swordfish, swordfish2", frozenset({"swordfish", "swordfish2", "abc"}))
        == "bad: ***, ***"
    )
    assert scrubbed("abc", frozenset({"abc"})) == "abc"
