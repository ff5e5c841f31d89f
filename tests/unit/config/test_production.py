from typing import Annotated

import pytest
from pydantic import SecretStr

from fastapi_chassis.config import ConfigModel, PluginConfig, ProductionSecret, RootConfig, SecretUrl
from fastapi_chassis.config.production import is_known_default
from tests.unit.config.project import Project


class TokensConfig(ConfigModel):
    secret_key: Annotated[
        SecretStr, ProductionSecret(min_length=32, known_defaults=("correct-horse-battery-staple-0001",))
    ] = SecretStr("")


class BrokerConfig(PluginConfig):
    url: SecretUrl = SecretUrl("amqp://guest:guest@localhost/")
    plain: str = ""
    urls: tuple[str, ...] = ()
    password: SecretStr | None = None


GOOD = "tokens: {secret_key: 'k3vWq0bq6bL8uE1TzS5xR2yN7mC4jH9a'}\napi: {allowed_hosts: [shop.example.com]}\n"


@pytest.fixture
def service(project: Project) -> Project:
    project.sections = {"tokens": TokensConfig}
    project.plugins = {"broker": BrokerConfig}
    return project


def test_good_production(service: Project) -> None:
    service.write(GOOD)
    assert service.findings(profile="production") == ()


BAD = {
    "missing secret": ({"tokens": {"secret_key": ""}}, "this secret is not set"),
    "short secret": ({"tokens": {"secret_key": "x7Gq" * 7}}, "this secret is shorter than 32 characters"),
    "known default": ({"tokens": {"secret_key": "changeme"}}, "this secret is a well-known default"),
    "repeated default": ({"tokens": {"secret_key": "secret-" * 8}}, "this secret is a well-known default"),
    "own default": (
        {"tokens": {"secret_key": "correct-horse-battery-staple-0001"}},
        "this secret is a well-known default",
    ),
    "debug": ({"debug": True}, "debug shows internals to callers"),
    "reload": ({"server": {"reload": True}}, "reload watches the source and restarts"),
    "any host": ({"api": {"allowed_hosts": ["*"]}}, "any Host header is accepted"),
    "any origin": ({"api": {"cors": {"origins": ["*"]}}}, "any web page may call this service"),
    "default of the model": ({"plugins": {"broker": {}}}, "the password in this URL is a well-known default"),
    "plain url": (
        {"plugins": {"broker": {"url": "amqp://x", "plain": "amqp://root:root@h/"}}},
        "the password in this URL is a well-known default",
    ),
    "url in a list": (
        {"plugins": {"broker": {"url": "amqp://x", "urls": ["amqp://h", "amqp://a:password@h/"]}}},
        "the password in this URL is a well-known default",
    ),
    "unmarked secret": (
        {"plugins": {"broker": {"url": "amqp://x", "password": "guest"}}},
        "this secret is a well-known default",
    ),
    "no encryption": (
        {"plugins": {"broker": {"url": "postgresql://u:k3vWq0bq6bL8@db.internal/x?sslmode=disable"}}},
        "this URL turns encryption off towards another machine",
    ),
    "credentials for everybody": (
        {"api": {"cors": {"origins": ["*"], "credentials": True}}},
        "any web page may call this service",
    ),
}


@pytest.mark.requirement("CFG-5", "APP-8")
@pytest.mark.parametrize("profile", ["production", "staging"])
@pytest.mark.parametrize("name", BAD)
def test_what_production_refuses(service: Project, name: str, profile: str) -> None:
    arguments, what = BAD[name]
    service.write(GOOD)
    found = service.finding(profile=profile, arguments=arguments)
    assert found.what == what
    assert found.remedy


@pytest.mark.requirement("CFG-5")
@pytest.mark.parametrize("profile", ["development", "test"])
@pytest.mark.parametrize("name", [name for name in BAD if name != "credentials for everybody"])
def test_what_development_allows(service: Project, name: str, profile: str) -> None:
    service.write(GOOD)
    assert service.findings(profile=profile, arguments=BAD[name][0]) == ()


@pytest.mark.requirement("CFG-5")
def test_all_refusals_come_at_once_and_show_no_secret(service: Project) -> None:
    service.write(
        "tokens: {secret_key: shortbutsecret}\ndebug: true\nplugins: {broker: {password: hunter42}}\n"
    )
    findings = service.findings(profile="production")
    assert [finding.where for finding in findings] == [
        "application.yaml:1  tokens.secret_key",
        "application.yaml:2  debug",
        "plugins.broker.url",
        "api.allowed_hosts",
    ]
    assert "shortbutsecret" not in str(findings)
    assert "guest:guest" not in str(findings)
    assert findings[2].remedy.endswith("(CHASSIS_PLUGINS__BROKER__URL)")


def test_a_url_to_this_machine_may_do_without_encryption(service: Project) -> None:
    service.write(GOOD)
    broker = {"url": "postgresql://u:k3vWq0bq6bL8@localhost/x?sslmode=disable"}
    assert service.findings(profile="production", arguments={"plugins": {"broker": broker}}) == ()


@pytest.mark.parametrize(
    "secret", ["changeme", "Change-Me!", "password123", "SECRET", "guest", "test-test", "<your-secret-key>"]
)
def test_known_defaults(secret: str) -> None:
    assert is_known_default(secret)


@pytest.mark.parametrize("secret", ["", "1234", "testament", "hunter2", "contest"])
def test_other_words(secret: str) -> None:
    assert not is_known_default(secret)


def test_code_makes_what_it_wants() -> None:
    assert RootConfig(environment="production", debug=True).debug
