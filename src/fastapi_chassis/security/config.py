"""SecurityConfig: keys and lifetimes of tokens, and how passwords are hashed."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, ProductionSecret
from fastapi_chassis.security.signing_key import SigningKeyConfig

_DEFAULT = "only-for-development-never-for-production"
_RULE = ProductionSecret(min_length=32, known_defaults=(_DEFAULT,))

type Minutes = Annotated[int, Field(ge=1, le=1_440)]
type Days = Annotated[int, Field(ge=1, le=365)]
type Name = Annotated[str, Field(min_length=1, max_length=200)]


class SecurityConfig(ConfigModel):
    """How tokens are signed and how long they live.

    Args:
        keys: key pairs or secrets, each for one algorithm; the first that can sign does, all verify. Where
            there are none, `secret_key` signs.
        secret_key: signs tokens (HS256); at least 32 characters outside development.
        issuer: who signs, `iss`.
        audience: whom tokens are for, `aud`.
        access_token_minutes: life of an access token.
        refresh_token_days: life of a login; each refresh keeps its end.
        leeway: seconds by which clocks may differ.
        reuse_grace: seconds in which a refresh token that was used already gives the same answer again.
        hashing_threads: passwords hashed at once; each takes 64 MiB.
    """

    keys: tuple[SigningKeyConfig, ...] = ()
    secret_key: SecretStr = SecretStr(_DEFAULT)
    issuer: Name = "fastapi-chassis"
    audience: Name = "fastapi-chassis"
    access_token_minutes: Minutes = 5
    refresh_token_days: Days = 5
    leeway: Annotated[int, Field(ge=0, le=60)] = 10
    reuse_grace: Annotated[int, Field(ge=0, le=10)] = 10
    hashing_threads: Annotated[int, Field(ge=1, le=32)] = 2

    @property
    def access_life(self) -> timedelta:
        """Life of an access token."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def refresh_life(self) -> timedelta:
        """Life of a login."""
        return timedelta(days=self.refresh_token_days)

    @property
    def grace(self) -> timedelta:
        """How long a refresh token that was used gives the same answer again."""
        return timedelta(seconds=self.reuse_grace)

    @field_validator("secret_key")
    @classmethod
    def _secret_of_ones_own(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if not info.data.get("keys"):  # nothing else would sign
            _RULE.check(secret, info)
        return secret

    @model_validator(mode="after")
    def _keys_have_names(self) -> Self:
        names = [key.kid for key in self.keys]
        if len(set(names)) < len(names):
            raise ValueError("two keys have the same kid: give each its own name")
        if self.keys and all(key.verify_only for key in self.keys):
            raise ValueError("no key signs: leave verify_only out of one of them")
        return self
