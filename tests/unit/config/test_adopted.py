import pytest
from pydantic import SecretStr

from fastapi_chassis.config import ApiConfig, ConfigurationError, RootConfig, adopt_config
from tests.unit.config.project import HttpConfig, RedisConfig


def test_a_configuration_made_in_code() -> None:
    config = RootConfig(plugins={"redis": RedisConfig()})
    loaded = adopt_config(config, sections={"http": HttpConfig})
    assert loaded.config is config
    assert loaded.plugin("redis") == RedisConfig()
    assert loaded.kind("redis") == "redis"
    assert loaded.section("http") == HttpConfig()


@pytest.mark.requirement("CFG-5")
def test_its_environment_has_the_same_rules() -> None:
    config = RootConfig(
        environment="production",
        debug=True,
        api=ApiConfig(allowed_hosts=("a.example",)),
        plugins={"redis": RedisConfig(password=SecretStr("guest"))},
    )
    with pytest.raises(ConfigurationError) as caught:
        adopt_config(config)
    assert [finding.where for finding in caught.value.findings] == ["debug", "plugins.redis.password"]
