"""Ory Hydra and Ory Kratos for tests: built from Go modules, with a memory database; or containers."""

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.go_program import GoProgram
from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer, http_answer
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

HYDRA_VERSION = "v2.3.0"
KRATOS_VERSION = "v1.3.1"
HYDRA_COMMAND = ("serve", "all", "--dev")
KRATOS_COMMAND = ("serve", "--dev")

HYDRA = GoProgram(
    name="hydra",
    module="github.com/ory/hydra/v2",
    version=HYDRA_VERSION,
    replace={
        "github.com/gobuffalo/pop/v6": "github.com/ory/pop/v6 v6.2.1-0.20241121111754-e5dfc0f3344b",
    },
    tags=("sqlite", "json1"),
).artifact()

KRATOS = GoProgram(
    name="kratos",
    module="github.com/ory/kratos",
    version=KRATOS_VERSION,
    replace={
        "github.com/gobuffalo/pop/v6": "github.com/ory/pop/v6 v6.2.0",
        "github.com/gorilla/sessions": "github.com/ory/sessions v1.2.2-0.20220110165800-b09c17334dc2",
        "github.com/mattn/go-sqlite3": "github.com/mattn/go-sqlite3 v1.14.22",
    },
    tags=("sqlite", "json1"),
).artifact()

IDENTITY_SCHEMA = {
    "$id": "user",
    "type": "object",
    "properties": {
        "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string",
                    "format": "email",
                    "ory.sh/kratos": {"credentials": {"password": {"identifier": True}}},
                }
            },
            "required": ["email"],
            "additionalProperties": False,
        }
    },
}


def hydra_settings(public: int) -> dict[str, str]:
    """Return Hydra's settings as its environment: memory database, signed access tokens.

    Args:
        public: the port on this machine that clients reach, part of the issuer.
    """
    issuer = f"http://{LOOPBACK}:{public}"
    return {
        "DSN": "memory",
        "LOG_LEVEL": "warn",
        "URLS_SELF_ISSUER": issuer,
        "URLS_LOGIN": f"{issuer}/login",
        "URLS_CONSENT": f"{issuer}/consent",
        "STRATEGIES_ACCESS_TOKEN": "jwt",
        "SECRETS_SYSTEM": secrets.token_hex(16),
        "SQA_OPT_OUT": "true",
    }


def kratos_file() -> str:
    """Return what Kratos takes from a file only: the schema, and a session at once after sign-up."""
    schema = base64.b64encode(json.dumps(IDENTITY_SCHEMA).encode()).decode()
    hooks = {"hooks": [{"hook": "session"}]}
    return json.dumps(
        {
            "identity": {
                "default_schema_id": "user",
                "schemas": [{"id": "user", "url": f"base64://{schema}"}],
            },
            "selfservice": {"flows": {"registration": {"after": {"password": hooks}}}},
        }
    )


def kratos_settings(public: int) -> dict[str, str]:
    """Return the rest of Kratos' settings as its environment: memory database, no calls outside.

    Args:
        public: the port on this machine that clients reach.
    """
    return {
        "DSN": "memory",
        "LOG_LEVEL": "warning",
        "SERVE_PUBLIC_BASE_URL": f"http://{LOOPBACK}:{public}/",
        "SELFSERVICE_DEFAULT_BROWSER_RETURN_URL": f"http://{LOOPBACK}:{public}/",
        "SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED": "false",
        "COURIER_SMTP_CONNECTION_URI": f"smtp://{LOOPBACK}:1/?disable_starttls=true",
        "SECRETS_DEFAULT": secrets.token_hex(16),
        "SECRETS_CIPHER": secrets.token_hex(16),
        "HASHERS_ALGORITHM": "bcrypt",
        "HASHERS_BCRYPT_COST": "4",
        "SQA_OPT_OUT": "true",
    }


def hydra_plan(folder: Path) -> Plan:
    """Plan Hydra with its public and its admin port."""
    return _plan(HYDRA, HYDRA_COMMAND, hydra_settings, folder)


def kratos_plan(folder: Path) -> Plan:
    """Plan Kratos with its public and its admin port."""
    file = folder / "kratos.json"
    file.write_text(kratos_file())
    return _plan(KRATOS, (*KRATOS_COMMAND, "--config", str(file)), kratos_settings, folder)


def hydra_sources() -> tuple[Source, ...]:
    """Return where Hydra may come from."""
    container = ContainerSource(
        image=f"oryd/hydra:{HYDRA_VERSION}",
        port=4444,
        endpoints={"admin": 4445},
        ready=_ready,
        url=_url,
        command=HYDRA_COMMAND,
        advertise=hydra_settings,
    )
    return LocalSource("Go program", hydra_plan, lambda: None, (HYDRA,)), container


def kratos_sources() -> tuple[Source, ...]:
    """Return where Kratos may come from."""
    container = ContainerSource(
        image=f"oryd/kratos:{KRATOS_VERSION}",
        port=4433,
        endpoints={"admin": 4434},
        ready=_ready,
        url=_url,
        command=(*KRATOS_COMMAND, "--config", "/etc/chassis/kratos.json"),
        files={"/etc/chassis/kratos.json": kratos_file()},
        advertise=kratos_settings,
    )
    return LocalSource("Go program", kratos_plan, lambda: None, (KRATOS,)), container


def _plan(
    artifact: Artifact, arguments: tuple[str, ...], settings: Callable[[int], dict[str, str]], folder: Path
) -> Plan:
    public, admin = free_port(), free_port()
    data = folder / "data"
    env = settings(public) | {
        "SERVE_PUBLIC_HOST": LOOPBACK,
        "SERVE_PUBLIC_PORT": str(public),
        "SERVE_ADMIN_HOST": LOOPBACK,
        "SERVE_ADMIN_PORT": str(admin),
        "HOME": str(data),
    }
    command = HostPlace().command(str(artifact.path / artifact.name), *arguments, folder=data, env=env)
    server = Program(artifact.name, command, _ready(public))
    return Plan(_url(public), (server,), lambda: data.mkdir(mode=0o700), {"admin": _url(admin)})


def _ready(port: int) -> Answer:
    return http_answer(port, "/health/ready")


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
