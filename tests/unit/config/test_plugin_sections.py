import pytest

from fastapi_chassis.config import PluginConfig, RootConfig
from fastapi_chassis.domain import ChassisError, Finding
from tests.unit.config.project import PLUGINS, KafkaConfig, Project, RedisConfig, SqlConfig


def forbidden() -> type[PluginConfig]:
    raise AssertionError("a disabled plugin was imported")


def missing_extra() -> type[PluginConfig]:
    raise ChassisError(Finding("nats is not installed", remedy='pip install "fastapi-chassis[nats]"'))


@pytest.mark.requirement("CFG-2")
def test_two_sections_of_one_kind(project: Project) -> None:
    project.write("plugins:\n  sqlalchemy: {pool_size: 1}\n  reporting: {kind: sqlalchemy, pool_size: 2}\n")
    loaded = project.config()
    assert loaded.plugin("sqlalchemy") == SqlConfig(pool_size=1)
    assert loaded.plugin("reporting") == SqlConfig(pool_size=2)
    assert (loaded.kind("sqlalchemy"), loaded.kind("reporting")) == ("sqlalchemy", "sqlalchemy")


@pytest.mark.requirement("CFG-2")
def test_a_second_section_by_variables_alone(project: Project) -> None:
    environ = {"CHASSIS_PLUGINS__REPORTING__KIND": "sqlalchemy", "CHASSIS_PLUGINS__REPORTING__POOL_SIZE": "3"}
    assert project.config(environ).plugin("reporting") == SqlConfig(pool_size=3)


@pytest.mark.parametrize("written", ["redis: {}", "redis:", "redis: true", "redis: ${ON:true}"])
def test_enabled_with_defaults(project: Project, written: str) -> None:
    project.write(f"plugins:\n  {written}\n")
    assert project.config().plugin("redis") == RedisConfig()


@pytest.mark.requirement("PLG-3")
@pytest.mark.parametrize(
    "written",
    [
        "redis: false",
        "redis: {enabled: false}",
        "redis: {enabled: ${ON:false}}",
        "redis: {enabled: false, url: '${NOWHERE}', nonsense: [1]}",
        "redis: ${ON:false}",
    ],
)
def test_a_disabled_section_is_not_looked_into(project: Project, written: str) -> None:
    project.write(f"plugins:\n  {written}\n")
    project.plugins = {"redis": forbidden}
    assert project.config().plugin("redis") == PluginConfig(enabled=False)


def test_a_variable_turns_a_section_on_and_off(project: Project) -> None:
    project.write("plugins: {redis: {url: redis://a}, kafka: {enabled: false, outbox: true}}")
    loaded = project.config({"CHASSIS_PLUGINS__REDIS": "false", "CHASSIS_PLUGINS__KAFKA__ENABLED": "1"})
    assert loaded.plugin("redis").enabled is False
    assert loaded.plugin("kafka") == KafkaConfig(outbox=True)


def test_sections_by_argument_keep_what_the_file_says(project: Project) -> None:
    project.write("plugins: {redis: {url: redis://a}}")
    loaded = project.config(arguments={"plugins": {"redis": {}, "kafka": {}}})
    assert loaded.plugin("redis") == RedisConfig(url="redis://a")
    assert loaded.plugin("kafka") == KafkaConfig()


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize(
    ("written", "where", "what", "remedy"),
    [
        ("kafkka: {}", "plugins.kafkka", "no plugin is called kafkka", "Did you mean kafka?"),
        ("x: {kind: rediss}", "plugins.x.kind", "no plugin is called rediss", "Did you mean redis?"),
        (
            "zzz: {enabled: false}",
            "plugins.zzz",
            "no plugin is called zzz",
            "known here: kafka, redis, sqlalchemy",
        ),
        (
            "redis: 5",
            "plugins.redis",
            "expected a section of keys",
            "write the plugin's keys, or true or false",
        ),
        ("redis: {enabled: maybe}", "plugins.redis.enabled", "expected true or false, found text: maybe", ""),
        ("redis: {urll: x}", "plugins.redis.urll", "unknown key", "Did you mean url?"),
    ],
)
def test_findings(project: Project, written: str, where: str, what: str, remedy: str) -> None:
    project.write(f"plugins:\n  {written}\n")
    found = project.finding()
    assert (found.where, found.what, found.remedy) == (f"application.yaml:2  {where}", what, remedy)


def test_plugins_must_be_a_section(project: Project) -> None:
    project.write("plugins: [redis]")
    assert project.finding().remedy == "write plugins: {redis: {}}"


def test_without_any_plugin_installed(project: Project) -> None:
    project.write("plugins: {redis: {}}")
    project.plugins = {}
    assert project.finding().remedy == "install the extra that brings it"


@pytest.mark.requirement("PLG-5")
def test_a_missing_extra_is_one_finding_among_others(project: Project) -> None:
    project.write("plugins:\n  nats: {}\n  redis: {enabled: maybe}\n")
    project.plugins = {**PLUGINS, "nats": missing_extra}
    first, second = project.findings()
    assert first == Finding(
        "nats is not installed", "application.yaml:2  plugins.nats", 'pip install "fastapi-chassis[nats]"'
    )
    assert second.where == "application.yaml:3  plugins.redis.enabled"


def test_the_type_of_a_section_survives_in_the_root(project: Project) -> None:
    project.write("plugins: {redis: {url: redis://a}}")
    config = project.config().config
    assert isinstance(config, RootConfig)
    assert config.model_dump()["plugins"]["redis"]["url"] == "redis://a"
