"""SigningKeys: signs with one key and verifies with all, each bound to its one algorithm."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

from fastapi_chassis.domain import Finding, MissingExtraError, WiringError
from fastapi_chassis.security.config import SecurityConfig
from fastapi_chassis.security.signing_key import AlgorithmEnum, SigningKeyConfig

ACCESS_TYPE, REFRESH_TYPE = "at+jwt", "rt+jwt"
MAX_TOKEN = 8 * 1024
_DEFAULT_KID = "default"
_SMALLEST_RSA = 2048


class Signature(Protocol):
    """What a key does."""

    def sign(self, header: dict[str, str], claims: Mapping[str, object]) -> str:
        """Makes a token."""
        ...

    def read(self, token: str) -> dict[str, object]:
        """Returns the claims of a token that this key signed.

        Raises:
            ValueError: it did not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was read.

    Args:
        kid: names it in tokens.
        algorithm: the only one that it is used for.
        signature: what it does.
        can_sign: whether it makes tokens, or verifies only.
    """

    kid: str
    algorithm: str
    signature: Signature
    can_sign: bool


class SigningKeys:
    """All keys of a service; the library that uses them is imported with the first token.

    Args:
        config: the keys.
    """

    def __init__(self, config: SecurityConfig) -> None:
        self._config = config

    def sign(self, kind: str, claims: Mapping[str, object]) -> str:
        """Makes a token of a kind.

        Raises:
            MissingExtraError: the extra `security` is not installed.
            WiringError: a key can't be read.
        """
        key = self._signing
        return key.signature.sign({"alg": key.algorithm, "typ": kind, "kid": key.kid}, claims)

    def read(self, kind: str, token: str) -> dict[str, object]:
        """Returns the claims of a token of this kind.

        Raises:
            ValueError: it is no such token, or was changed.
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            raise ValueError("no token of ours")
        header = _header_of(token)
        key = self._keys.get(str(header.get("kid")))
        # only what we write ourselves: a header that names another key or an address is an attack
        if key is None or header != {"alg": key.algorithm, "typ": kind, "kid": key.kid}:
            raise ValueError(f"not a token of kind {kind}")
        return key.signature.read(token)

    @cached_property
    def _keys(self) -> dict[str, Key]:
        return {key.kid: key for key in _read_keys(self._config)}

    @cached_property
    def _signing(self) -> Key:
        return next(key for key in self._keys.values() if key.can_sign)


def _header_of(token: str) -> dict[str, object]:
    first, dot, _ = token.partition(".")
    header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)), object_pairs_hook=_once)
    if not dot or not isinstance(header, dict):
        raise ValueError("no token")
    return header


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    pairs = list(pairs)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _read_keys(config: SecurityConfig) -> list[Key]:
    try:
        from joserfc import errors, jwk, jwt
    except ModuleNotFoundError as missing:
        raise MissingExtraError("security") from missing
    kinds: Mapping[AlgorithmEnum, Callable[[str], jwk.Key]] = {
        AlgorithmEnum.HS256: jwk.OctKey.import_key,
        AlgorithmEnum.RS256: jwk.RSAKey.import_key,
        AlgorithmEnum.PS256: jwk.RSAKey.import_key,
        AlgorithmEnum.ES256: jwk.ECKey.import_key,
        AlgorithmEnum.ED25519: jwk.OKPKey.import_key,
    }
    refusals = (errors.JoseError, ValueError, TypeError, KeyError, RecursionError)

    class JoseSignature:
        def __init__(self, key: jwk.Key, algorithm: str) -> None:
            self._key = key
            self._algorithms = [algorithm]

        def sign(self, header: dict[str, str], claims: Mapping[str, object]) -> str:
            return jwt.encode(dict(header), dict(claims), self._key, algorithms=self._algorithms)

        def read(self, token: str) -> dict[str, object]:
            try:
                return dict(jwt.decode(token, self._key, algorithms=self._algorithms).claims)
            except refusals as fault:
                raise ValueError("not signed by us") from fault

    def read(one: SigningKeyConfig) -> Key:
        try:
            key = kinds[one.algorithm](one.key.get_secret_value())
        except refusals:
            raise _unreadable(one, "it can't be read") from None
        _check_strength(one, key.raw_value)
        can_sign = not one.verify_only
        if can_sign and one.algorithm is not AlgorithmEnum.HS256 and not getattr(key, "is_private", False):
            raise _unreadable(one, "it is a public key, which can't sign")
        return Key(one.kid, one.algorithm.value, JoseSignature(key, one.algorithm.value), can_sign)

    return [read(one) for one in config.keys or (_only_secret(config),)]


def _only_secret(config: SecurityConfig) -> SigningKeyConfig:
    # validated as the section was: outside development it is long and nobody else's
    return SigningKeyConfig.model_construct(
        kid=_DEFAULT_KID, algorithm=AlgorithmEnum.HS256, key=config.secret_key, verify_only=False
    )


def _check_strength(one: SigningKeyConfig, raw: object) -> None:
    if one.algorithm in {AlgorithmEnum.RS256, AlgorithmEnum.PS256}:
        size = cast("int", getattr(raw, "key_size", 0))
        if size < _SMALLEST_RSA:
            raise _unreadable(one, f"it has {size} bits; RSA needs {_SMALLEST_RSA}")
    if one.algorithm is AlgorithmEnum.ES256 and getattr(raw, "curve", None) is not None:
        curve = getattr(getattr(raw, "curve"), "name", "")  # noqa: B009 - only keys on a curve have one
        if curve != "secp256r1":
            raise _unreadable(one, f"it lies on {curve}; ES256 needs secp256r1")


def _unreadable(one: SigningKeyConfig, what: str) -> WiringError:
    return WiringError(
        Finding(
            f"the key {one.kid} is no good for {one.algorithm}: {what}",
            where="security.keys",
            remedy=f"give the PEM of a private key for {one.algorithm}, or set verify_only for a public one.",
        )
    )
