"""NATS servers that ask for a login, a token, or TLS with a certificate of the client."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fastapi_chassis.testing.backends import Recipe
from fastapi_chassis.testing.backends.certificates import make_certificates
from fastapi_chassis.testing.backends.nats import nats_plan
from fastapi_chassis.testing.backends.place import Place
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan
from fastapi_chassis.testing.backends.source import LocalSource, Source


def _plan_with(place: Place, folder: Path, *words: str) -> Plan:
    plan = nats_plan(place, folder)
    (program,) = plan.programs
    command = replace(program.command, argv=(*program.command.argv, *words))
    return replace(plan, programs=(replace(program, command=command),))


def login_plan(place: Place, folder: Path) -> Plan:
    return _plan_with(place, folder, "--user", "ann", "--pass", "horse")


def token_plan(place: Place, folder: Path) -> Plan:
    return _plan_with(place, folder, "--auth", "horse")


def tls_plan(place: Place, folder: Path) -> Plan:
    data = folder / "data"
    inside = place.data(data)
    words = ("--tlscert", f"{inside}/server.pem", "--tlskey", f"{inside}/server.key")
    plan = _plan_with(place, folder, *words, "--tlsverify", "--tlscacert", f"{inside}/ca.pem")

    def prepare() -> None:
        plan.prepare()
        make_certificates(data, "server", "client")
        place.own(data)

    files = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    endpoints = {name: str(data / file) for name, file in files.items()}
    return replace(plan, url=plan.url.replace("nats://", "tls://"), prepare=prepare, endpoints=endpoints)


def _sources(plan: Callable[[Place, Path], Plan]) -> Callable[[], tuple[Source, ...]]:
    return lambda: (
        LocalSource(
            "root folder", lambda folder: plan(root_place("nats"), folder), root_obstacle, (ROOT_FOLDER,)
        ),
    )


LOGIN = Recipe("nats_login", "2.15", _sources(login_plan))
TOKEN = Recipe("nats_token", "2.15", _sources(token_plan))
TLS = Recipe("nats_tls", "2.15", _sources(tls_plan), ("ca", "certificate", "key"))
