from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from fastapi_chassis.config import ConfigurationError, RootConfig, load_config
from fastapi_chassis.security import SecurityConfig

SECRET = "3f9c1b7a5d2e4860917a3c5e7b9d1f20"
KEY = {"kid": "2026", "algorithm": "HS256", "key": SECRET}


def loaded(folder: Path, environment: str, section: str) -> SecurityConfig:
    (folder / "application.yaml").write_text(
        f"environment: {environment}\napi: {{allowed_hosts: [shop.example.com]}}\nsecurity: {section}\n"
    )
    found = load_config(RootConfig, sections={"security": SecurityConfig}, directory=folder, environ={})
    section_of = found.sections["security"]
    assert isinstance(section_of, SecurityConfig)
    return section_of


@pytest.mark.requirement("SEC-2")
def test_an_access_token_lives_five_minutes_and_a_login_five_days() -> None:
    config = SecurityConfig()
    assert (config.access_life, config.refresh_life) == (timedelta(minutes=5), timedelta(days=5))
    assert config.grace == timedelta(seconds=10)


@pytest.mark.requirement("CFG-5")
@pytest.mark.parametrize("section", ["{}", "{secret_key: changeme}", "{secret_key: short-and-own-4711}"])
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_production_refuses_a_secret_that_is_missing_known_or_short(
    tmp_path: Path, environment: str, section: str
) -> None:
    with pytest.raises(ConfigurationError) as told:
        loaded(tmp_path, environment, section)
    assert "secret_key" in str(told.value)
    assert "short-and-own" not in str(told.value)


@pytest.mark.requirement("CFG-5")
def test_production_starts_with_a_secret_of_its_own(tmp_path: Path) -> None:
    assert loaded(tmp_path, "production", f"{{secret_key: {SECRET}}}").secret_key.get_secret_value() == SECRET


def test_keys_make_the_secret_needless(tmp_path: Path) -> None:
    config = loaded(tmp_path, "production", f"{{keys: [{{kid: a, algorithm: HS256, key: {SECRET}}}]}}")
    assert config.keys[0].kid == "a"


def test_development_starts_with_nothing_and_always_the_same_key(tmp_path: Path) -> None:
    assert loaded(tmp_path, "development", "{}").secret_key == SecurityConfig().secret_key


@pytest.mark.parametrize(
    "keys",
    [[KEY, KEY], [KEY | {"verify_only": True}], [KEY | {"algorithm": "none"}], [KEY | {"kid": "../../etc"}]],
)
def test_keys_that_cannot_work_are_refused(keys: object) -> None:
    with pytest.raises(ValidationError) as told:
        SecurityConfig.model_validate({"keys": keys})
    assert SECRET not in str(told.value)


def test_a_secret_never_shows() -> None:
    config = SecurityConfig.model_validate({"secret_key": SECRET, "keys": [KEY]})
    assert SECRET not in repr(config)
    assert SECRET not in config.model_dump_json()
