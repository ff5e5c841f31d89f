import sys

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from fastapi_chassis.domain import MissingExtraError, WiringError
from fastapi_chassis.security import SecurityConfig
from fastapi_chassis.security.jwt.keys import ACCESS_TYPE, REFRESH_TYPE, SigningKeys

SECRET = "3f9c1b7a5d2e4860917a3c5e7b9d1f20"


def config(*keys: dict[str, object]) -> SecurityConfig:
    return SecurityConfig.model_validate({"keys": keys})


def pem(key: object, *, private: bool = True) -> str:
    return key.as_pem(private=private).decode()  # type: ignore[attr-defined, no-any-return]


RSA, EC, OKP = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
KEYS = {
    "HS256": {"kid": "hs", "algorithm": "HS256", "key": SECRET},
    "RS256": {"kid": "rs", "algorithm": "RS256", "key": pem(RSA)},
    "PS256": {"kid": "ps", "algorithm": "PS256", "key": pem(RSA)},
    "ES256": {"kid": "es", "algorithm": "ES256", "key": pem(EC)},
    "Ed25519": {"kid": "ed", "algorithm": "Ed25519", "key": pem(OKP)},
}


@pytest.mark.requirement("SEC-1")
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_what_a_key_signed_it_reads(key: dict[str, object]) -> None:
    keys = SigningKeys(config(key))
    token = keys.sign(ACCESS_TYPE, {"sub": "ada"})

    assert keys.read(ACCESS_TYPE, token) == {"sub": "ada"}
    with pytest.raises(ValueError, match="not a token of kind"):
        keys.read(REFRESH_TYPE, token)
    with pytest.raises(ValueError, match="not signed"):
        keys.read(ACCESS_TYPE, token[:-8] + ("A" * 8))


@pytest.mark.requirement("SEC-2")
def test_a_retired_key_verifies_and_signs_no_more() -> None:
    before = SigningKeys(config(KEYS["ES256"]))
    public = KEYS["ES256"] | {"key": pem(EC, private=False), "verify_only": True}
    after = SigningKeys(config(public, KEYS["Ed25519"]))
    old = before.sign(ACCESS_TYPE, {"sub": "ada"})
    new = after.sign(ACCESS_TYPE, {"sub": "ada"})

    assert after.read(ACCESS_TYPE, old) == after.read(ACCESS_TYPE, new) == {"sub": "ada"}
    with pytest.raises(ValueError, match="not a token"):
        before.read(ACCESS_TYPE, new)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ({"algorithm": "ES256", "key": pem(OKP)}, "ES256"),
        ({"algorithm": "RS256", "key": pem(EC)}, "RS256"),
        ({"algorithm": "ES256", "key": pem(ECKey.generate_key("P-384"))}, "secp256r1"),
        (
            {"algorithm": "RS256", "key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"},
            "read",
        ),
        ({"algorithm": "ES256", "key": pem(EC, private=False)}, "public key"),
        ({"algorithm": "HS256", "key": pem(EC, private=False)}, "read"),
    ],
)
def test_a_key_of_another_kind_is_a_finding_without_the_key(key: dict[str, object], says: str) -> None:
    with pytest.raises(WiringError, match=says) as told:
        SigningKeys(config(key | {"kid": "a"})).sign(ACCESS_TYPE, {})
    assert "canary" not in str(told.value)
    assert told.value.findings[0].where == "security.keys"


@pytest.mark.filterwarnings("ignore:Key size")
def test_a_weak_rsa_key_is_a_finding() -> None:
    weak = {"kid": "a", "algorithm": "RS256", "key": pem(RSAKey.generate_key(1024))}
    with pytest.raises(WiringError, match="1024 bits"):
        SigningKeys(config(weak)).sign(ACCESS_TYPE, {})


@pytest.mark.requirement("PLG-5")
def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    with pytest.raises(MissingExtraError):
        SigningKeys(SecurityConfig()).sign(ACCESS_TYPE, {})
