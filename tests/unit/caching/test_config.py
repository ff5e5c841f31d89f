"""The section of the cache of functions."""

import pytest
from pydantic import ValidationError

from fastapi_chassis.caching import CachingConfig


@pytest.mark.parametrize(
    "settings", [{"lock": 0}, {"wait": -1}, {"local_entries": 0}, {"wait": float("inf")}]
)
def test_times_and_counts_are_more_than_nothing(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        CachingConfig.model_validate(settings)
