"""Secrets are taken out by name and by look, and what is no secret stays."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from fastapi_chassis.observability import MASK, SENSITIVE_KEYS, is_sensitive, redact, redact_text

CANARY = "c4n4ry-7f3a9e"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjNG40cnkifQ.c2lnbmF0dXJl-_x"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\nMIIEow\n-----END RSA PRIVATE KEY-----"


@pytest.mark.requirement("MISTAKE-12")
@pytest.mark.parametrize(
    "name",
    [
        *("password", "Password", "db_password", "dbPassword", "X-Api-Key", "apiKey", "authorization"),
        *("Set-Cookie", "cookie", "refresh_token", "secret", "client-secret", "SECRET_KEY", "dsn", "pin"),
        *("private_key", "signing.key", "session_id", "hashed_password", "aws_secret_access_key"),
        *("old_passwords", "api_keys", "refresh_tokens"),
    ],
)
def test_sensitive_names(name: str) -> None:
    assert is_sensitive(name)
    assert redact({"outer": [{name: CANARY}]}) == {"outer": [{name: MASK}]}


@pytest.mark.parametrize("name", ["title", "token_count", "tokens", "key", "author", "passenger", "spin"])
def test_other_names(name: str) -> None:
    assert redact({name: "value"}) == {name: "value"}


def test_there_are_more_than_thirty_names() -> None:
    assert len(SENSITIVE_KEYS) > 30


@pytest.mark.requirement("MISTAKE-12")
@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"bearer {CANARY} was refused",
        f"Basic {CANARY}==",
        f"{{'authorization': 'Bearer {CANARY}', 'accept': '*/*'}}",
        f'{{"password": "{CANARY}"}}',
        f'{{\\"password\\": \\"{CANARY}\\"}}',
        f"{{'password': '{CANARY} \\' {CANARY}', 'user': 'ann'}}",
        f"password={CANARY}&next=1",
        f"PGPASSWORD={CANARY}",
        f"api_key: {CANARY}",
        f"Cookie: a=1; session={CANARY}",
        f"postgresql+asyncpg://app:{CANARY}@db:5432/shop",
        f"redis://:{CANARY}@cache/0",
        f"amqp://app:p@{CANARY}@broker",
        f"https://api/x?token={CANARY}",
        f"connect(dsn='postgresql://app:{CANARY}@db/x')",
        PEM,
        PEM[:45],
        f"before\n{PEM}\nafter",
    ],
)
def test_secrets_in_texts(text: str) -> None:
    shown = redact_text(text)
    assert CANARY not in shown
    assert MASK in shown


def test_a_token_that_is_a_jwt_needs_no_name() -> None:
    assert redact_text(f"got {JWT} from the caller") == f"got {MASK} from the caller"


@pytest.mark.parametrize(
    "text",
    [
        "a plain sentence, with 7 commas",
        "https://example.com/items?page=2",
        "http://localhost:8000/api",
        "the basics of bearers",
        "password rules are strict",
        "tokenizer ready",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert redact_text(text) == text


def test_the_text_around_a_secret_stays() -> None:
    shown = redact_text("login of ann with password=abc failed: https://u:pw@host/path")
    assert shown == f"login of ann with password={MASK} failed: https://u:{MASK}@host/path"


def test_values_that_are_no_text() -> None:
    identity, time = UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC)
    shown = redact({"id": identity, "at": time, "n": 1, "ok": True, "none": None, 5: (1, "b")})
    assert shown == {"id": str(identity), "at": str(time), "n": 1, "ok": True, "none": None, "5": [1, "b"]}
    assert redact({"password": None, "token": "", "secret": True}) == {
        "password": None,
        "token": "",
        "secret": True,
    }


def test_objects_are_shown_by_their_redacted_repr() -> None:
    class Login:
        def __repr__(self) -> str:
            return f"Login(password={CANARY!r}, user='ann')"

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError(CANARY)

    assert redact(Login()) == f"Login(password={MASK}, user='ann')".replace(MASK, f"{MASK}'")
    assert redact(Broken()) == "<Broken: its repr raises RuntimeError>"
    assert CANARY not in str(redact(SecretStr(CANARY)))


def test_what_contains_itself_has_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "[...]" in str(redact(loop))


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert CANARY not in redact_text(f"{text}\npassword={CANARY}")


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["a-", "token ", "eyJ", "eyJaaaa.", "://", "password", "basic ", '\\"', "-----BEGIN "]
)
def test_long_texts_take_no_long_time(piece: str) -> None:
    redact_text(piece * (16_384 // len(piece)))
