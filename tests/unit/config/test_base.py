import copy
import pickle

import pytest
from pydantic import SecretStr, ValidationError

from fastapi_chassis.config import ConfigModel, PluginConfig, SecretUrl

CANARY = "swordfish-4711"


class Sample(ConfigModel):
    password: SecretStr = SecretStr(CANARY)
    url: SecretUrl = SecretUrl(f"postgresql://u:{CANARY}@h/db")
    plain_url: str = f"amqp://u:{CANARY}@h/"
    urls: tuple[str, ...] = (f"amqp://u:{CANARY}@h/",)
    api_key: str = CANARY
    nested: dict[str, str] = {"token": CANARY}  # noqa: RUF012


@pytest.mark.requirement("CFG-5")
@pytest.mark.parametrize("show", [repr, str, lambda sample: f"{sample}", lambda sample: repr([sample])])
def test_no_secret_in_its_repr(show: object) -> None:
    text = show(Sample())  # type: ignore[operator]  # one of the lambdas
    assert CANARY not in text
    assert "postgresql://u:***@h/db" in text


@pytest.mark.requirement("CFG-5")
def test_no_marked_secret_in_its_dumps() -> None:
    kept = Sample().model_dump(include={"password", "url"})
    assert CANARY not in repr(kept)
    assert CANARY not in Sample().model_dump_json(include={"password", "url"})


@pytest.mark.requirement("CFG-5")
def test_it_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="load it in the other process"):
        pickle.dumps(Sample())


def test_it_is_copied() -> None:
    assert copy.deepcopy(Sample()) == Sample()
    assert Sample().model_copy(update={"api_key": "x"}).api_key == "x"


@pytest.mark.requirement("CFG-5")
def test_no_value_in_its_errors() -> None:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"password": [CANARY], "plain_url": 5})
    assert CANARY not in str(caught.value)


@pytest.mark.requirement("CFG-1")
def test_unknown_keys_are_errors() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        PluginConfig.model_validate({"enabeld": True})


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PluginConfig().enabled = False  # type: ignore[misc]  # that is the test


def test_a_plugin_is_enabled_and_required_by_default() -> None:
    assert (PluginConfig().enabled, PluginConfig().required) == (True, True)
