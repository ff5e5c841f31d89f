import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from fastapi_chassis.domain import FrozenClock, UnauthenticatedException
from fastapi_chassis.security import SecurityConfig, TokenIssuer, TokenPair, TokenVerifier
from fastapi_chassis.security.jwt.keys import ACCESS_TYPE, SigningKeys

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = UUID("01a1fbcc-3787-7900-8d2c-c721dc191d91")
LOGIN = UUID("01a1fbcc-3787-7900-8d2c-c721dc191d92")
SECRET = SecurityConfig().secret_key.get_secret_value()
HEADER: dict[str, object] = {"alg": "HS256", "typ": "at+jwt", "kid": "default"}
CLAIMS: dict[str, object] = {
    "iss": "fastapi-chassis",
    "aud": "fastapi-chassis",
    "sub": str(ADA),
    "type": "access",
    "login": str(LOGIN),
    "user": {"uuid": str(ADA), "sid": "abcdefgh"},
    "permissions": ["a"],
    "iat": int(NOON.timestamp()),
    "exp": int(NOON.timestamp()) + 300,
}


def pair(config: SecurityConfig | None = None) -> TokenPair:
    return TokenIssuer(config or SecurityConfig()).issue(
        ADA,
        login_id=LOGIN,
        token_id="abcdefghijklmnop",
        permissions={"a"},
        at=NOON,
        login_ends=NOON + timedelta(days=5),
    )


def verifier(*, after: timedelta = timedelta(0), config: SecurityConfig | None = None) -> TokenVerifier:
    return TokenVerifier(config or SecurityConfig(), FrozenClock(NOON + after))


def part(value: object) -> bytes:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=")


def signed(header: object, claims: object, secret: str = SECRET) -> str:
    """Signs by hand: whatever a thief of the algorithm, and here even of the key, could write."""
    text = part(header) + b"." + part(claims)
    return (text + b"." + part(hmac.digest(secret.encode(), text, hashlib.sha256))).decode()


@pytest.mark.requirement("SEC-3")
def test_what_we_issued_is_read() -> None:
    access = verifier().access(pair().access)
    refresh = verifier().refresh(pair().refresh)

    assert (access.user_id, access.session, access.permissions) == (ADA, "abcdefgh", {"a"})
    assert (refresh.user_id, refresh.login_id, refresh.token_id) == (ADA, LOGIN, "abcdefghijklmnop")
    assert verifier().access(signed(HEADER, CLAIMS)).login_id == LOGIN


@pytest.mark.requirement("SEC-1")
def test_kinds_are_never_confused() -> None:
    with pytest.raises(UnauthenticatedException):
        verifier().access(pair().refresh)
    with pytest.raises(UnauthenticatedException):
        verifier().refresh(pair().access)


@pytest.mark.parametrize(("seconds", "is_good"), [(-11, False), (-10, True), (309, True), (310, False)])
def test_time_counts_with_some_leeway(seconds: int, is_good: bool) -> None:
    reading = verifier(after=timedelta(seconds=seconds))
    if is_good:
        reading.access(pair().access)
        return
    with pytest.raises(UnauthenticatedException):
        reading.access(pair().access)


def test_another_issuer_or_audience_is_nobody_of_ours() -> None:
    for other in (SecurityConfig(issuer="x"), SecurityConfig(audience="x")):
        with pytest.raises(UnauthenticatedException):
            verifier().access(pair(other).access)


GOOD = signed(HEADER, CLAIMS)
FIRST, SECOND, THIRD = GOOD.split(".")
NONE = part(HEADER | {"alg": "none"}).decode()
ATTACKS = {
    "alg none": f"{NONE}.{SECOND}.",
    "alg none, signature kept": f"{NONE}.{SECOND}.{THIRD}",
    "alg None": f"{part(HEADER | {'alg': 'None'}).decode()}.{SECOND}.",
    "no signature": f"{FIRST}.{SECOND}.",
    "two parts": f"{FIRST}.{SECOND}",
    "four parts": f"{GOOD}.{THIRD}",
    "five parts": f"{FIRST}.{FIRST}.{SECOND}.{SECOND}.{THIRD}",
    "another algorithm": signed(HEADER | {"alg": "HS512"}, CLAIMS),
    "a public algorithm": signed(HEADER | {"alg": "RS256"}, CLAIMS),
    "another secret": signed(HEADER, CLAIMS, "x" * 40),
    "an empty secret": signed(HEADER, CLAIMS, ""),
    "changed claims": f"{FIRST}.{part(CLAIMS | {'permissions': ['*']}).decode()}.{THIRD}",
    "kid of nobody": signed(HEADER | {"kid": "other"}, CLAIMS),
    "kid as a path": signed(HEADER | {"kid": "../../dev/null"}, CLAIMS),
    "kid as a list": signed(HEADER | {"kid": ["default"]}, CLAIMS),
    "no kid": signed({"alg": "HS256", "typ": "at+jwt"}, CLAIMS),
    "typ JWT": signed(HEADER | {"typ": "JWT"}, CLAIMS),
    "embedded key": signed(HEADER | {"jwk": {"kty": "oct", "k": "AAAA"}}, CLAIMS),
    "jku": signed(HEADER | {"jku": "https://evil.example/keys"}, CLAIMS),
    "x5u": signed(HEADER | {"x5u": "https://evil.example/cert"}, CLAIMS),
    "crit": signed(HEADER | {"crit": ["exp"]}, CLAIMS),
    "b64": signed(HEADER | {"b64": False, "crit": ["b64"]}, CLAIMS),
    "zip": signed(HEADER | {"zip": "DEF"}, CLAIMS),
    "a name twice": signed(b'{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"default"}', CLAIMS),
    "header is a list": signed([], CLAIMS),
    "claims are a list": signed(HEADER, []),
    "no exp": signed(HEADER, {name: value for name, value in CLAIMS.items() if name != "exp"}),
    "exp as text": signed(HEADER, CLAIMS | {"exp": "9999999999"}),
    "exp is true": signed(HEADER, CLAIMS | {"exp": True}),
    "exp is huge": signed(HEADER, CLAIMS | {"exp": 10**400}),
    "exp is NaN": signed(HEADER, CLAIMS | {"exp": float("nan")}),
    "exp is infinite": signed(HEADER, CLAIMS | {"exp": float("inf")}),
    "iat in the future": signed(HEADER, CLAIMS | {"iat": 2**40}),
    "user is text": signed(HEADER, CLAIMS | {"user": "ada"}),
    "uuid is none": signed(HEADER, CLAIMS | {"user": {"uuid": "ada", "sid": "x"}}),
    "permissions are a number": signed(HEADER, CLAIMS | {"permissions": 3}),
    "deep": signed(HEADER, b'{"a":' * 1_000),
    "9 KiB": signed(HEADER, CLAIMS | {"x": "x" * 9_000}),
    "nothing": "",
    "dots": "..",
    "not ascii": "ä.ö.ü",
    "nul": "\x00",
    "a megabyte": "x" * 1_000_000,
}  # fmt: skip


@pytest.mark.requirement("SEC-1")
@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS)
def test_attacks_are_refused_in_the_same_words(token: str) -> None:
    reading = verifier()
    reading.access(GOOD)
    began = perf_counter()
    with pytest.raises(UnauthenticatedException) as told:
        reading.access(token)

    assert (str(told.value), told.value.error_code) == ("the token is not valid", "INVALID_TOKEN")
    assert told.value.__cause__ is None
    assert perf_counter() - began < 0.1


@pytest.mark.requirement("SEC-1")
def test_a_public_key_is_never_a_secret() -> None:
    key = ECKey.generate_key("P-256")
    config = SecurityConfig.model_validate(
        {"keys": [{"kid": "es", "algorithm": "ES256", "key": key.as_pem(private=True).decode()}]}
    )
    public = key.as_pem(private=False).decode()
    forged = signed({"alg": "HS256", "typ": "at+jwt", "kid": "es"}, CLAIMS, public)
    zero = (
        SigningKeys(config).sign(ACCESS_TYPE, CLAIMS).rpartition(".")[0] + "." + part(b"\x00" * 64).decode()
    )

    for token in (forged, zero):
        with pytest.raises(UnauthenticatedException):
            verifier(config=config).access(token)
