"""Where another service is, checked."""

import pytest
from pydantic import ValidationError

from fastapi_chassis.http import HttpClientConfig


def test_time_outs_are_always_set() -> None:
    config = HttpClientConfig(base_url="https://catalogue.internal/api")
    assert min(config.timeout, config.attempt_timeout, config.connect_timeout) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "catalogue.internal"},
        {"base_url": "ftp://catalogue"},
        {"base_url": "https://"},
        {"base_url": "https://catalogue?x=1"},
        {"base_url": "https://catalogue", "timeout": 0},
        {"base_url": "https://catalogue", "timeout": float("inf")},
        {"base_url": "https://catalogue", "attempts": 0},
        {"base_url": "https://catalogue", "timout": 1},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HttpClientConfig.model_validate(wrong)
