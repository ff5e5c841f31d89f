"""SigningKeyConfig: one key, and the one algorithm that it is good for."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from fastapi_chassis.config import ConfigModel

MIN_SECRET = 32


class AlgorithmEnum(StrEnum):
    """What a key may be used for; `none` is not among them."""

    HS256 = "HS256"
    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    ED25519 = "Ed25519"


class SigningKeyConfig(ConfigModel):
    """One key.

    Args:
        kid: names it in tokens.
        algorithm: the only one that it is used for.
        key: the secret of HS256, at least 32 bytes; else a PEM: private, or public to verify only.
        verify_only: keeps tokens of a retired key good until they end.
    """

    kid: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    algorithm: AlgorithmEnum
    key: SecretStr
    verify_only: bool = False

    @model_validator(mode="after")
    def _secret_is_long_enough(self) -> Self:
        text = self.key.get_secret_value()
        if self.algorithm is AlgorithmEnum.HS256:
            if len(text.encode()) < MIN_SECRET:
                raise ValueError(f"the secret of HS256 needs at least {MIN_SECRET} bytes")
        elif "-----BEGIN" not in text:
            raise ValueError(f"the key of {self.algorithm} is a PEM: it begins with -----BEGIN")
        return self
