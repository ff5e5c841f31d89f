import pytest
from pydantic import ValidationError

from fastapi_chassis.security import AlgorithmEnum, SigningKeyConfig


def test_none_is_no_algorithm() -> None:
    assert {one.value for one in AlgorithmEnum} == {"HS256", "RS256", "PS256", "ES256", "Ed25519"}


@pytest.mark.parametrize(
    ("algorithm", "key", "says"),
    [("HS256", "x" * 31, "at least 32 bytes"), ("RS256", "x" * 64, "begins with -----BEGIN")],
)
def test_a_key_fits_its_algorithm(algorithm: str, key: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as told:
        SigningKeyConfig.model_validate({"kid": "a", "algorithm": algorithm, "key": key})
    assert key not in str(told.value)
