import pytest

from fastapi_chassis.config import EnvironmentEnum


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("production", "production"),
        ("PROD", "production"),
        ("local", "development"),
        (" stage ", "staging"),
        ("testing", "test"),
    ],
)
def test_words(word: str, expected: str) -> None:
    assert EnvironmentEnum(word).value == expected


def test_other_words_are_unknown() -> None:
    with pytest.raises(ValueError, match="not a valid"):
        EnvironmentEnum("prodction")


def test_production_like() -> None:
    assert [env.value for env in EnvironmentEnum if env.is_production_like] == ["staging", "production"]
