import base64
import json

from fastapi_chassis.testing.backends.ory import (
    IDENTITY_SCHEMA,
    hydra_plan,
    hydra_settings,
    hydra_sources,
    kratos_file,
    kratos_plan,
    kratos_settings,
    kratos_sources,
)


def test_public_and_admin_ports_differ(tmp_path):
    for plan in (hydra_plan(tmp_path), kratos_plan(tmp_path)):
        env = plan.programs[0].command.env
        assert plan.url == f"http://127.0.0.1:{env['SERVE_PUBLIC_PORT']}"
        assert plan.endpoints == {"admin": f"http://127.0.0.1:{env['SERVE_ADMIN_PORT']}"}
        assert plan.url != plan.endpoints["admin"]


def test_the_issuer_is_what_clients_reach():
    assert hydra_settings(4711)["URLS_SELF_ISSUER"] == "http://127.0.0.1:4711"


def test_nothing_is_called_outside():
    settings = kratos_settings(4711)
    assert settings["SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED"] == "false"
    assert settings["SQA_OPT_OUT"] == hydra_settings(4711)["SQA_OPT_OUT"] == "true"


def test_secrets_are_new_each_time():
    assert hydra_settings(1)["SECRETS_SYSTEM"] != hydra_settings(1)["SECRETS_SYSTEM"]


def test_the_schema_travels_in_the_file():
    (schema,) = json.loads(kratos_file())["identity"]["schemas"]
    assert json.loads(base64.b64decode(schema["url"].removeprefix("base64://"))) == IDENTITY_SCHEMA


def test_the_containers_have_the_same_settings():
    assert set(hydra_sources()[1].advertise(1)) == set(hydra_settings(1))
    assert kratos_sources()[1].files == {"/etc/chassis/kratos.json": kratos_file()}
