"""Servers of another kind: one that asks for certificates, and one whose disk is always full."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from fastapi_chassis.testing.backends import Recipe
from fastapi_chassis.testing.backends.certificates import make_certificates
from fastapi_chassis.testing.backends.place import Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.rabbitmq import rabbitmq_plan
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan
from fastapi_chassis.testing.backends.source import LocalSource, Source

SETTINGS = """
listeners.ssl.local = {host}:{port}
ssl_options.cacertfile = {data}/ca.pem
ssl_options.certfile = {data}/server.pem
ssl_options.keyfile = {data}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
"""


def rabbitmq_tls_plan(place: Place, folder: Path) -> Plan:
    plain, port, data = rabbitmq_plan(place, folder), free_port(), folder / "data"

    def prepare() -> None:
        plain.prepare()
        make_certificates(data, "server", "client")
        with (data / "rabbitmq.conf").open("a") as settings:
            settings.write(SETTINGS.format(host=LOOPBACK, port=port, data=place.data(data)))
        place.own(data)

    files = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    endpoints = {name: str(data / file) for name, file in files.items()}
    url = urlsplit(plain.url)._replace(scheme="amqps", netloc=f"guest:guest@{LOOPBACK}:{port}").geturl()
    mapper, broker = plain.programs
    programs = (mapper, replace(broker, ready=Answer(port)))
    return replace(plain, url=url, programs=programs, prepare=prepare, endpoints=endpoints)


def rabbitmq_full_plan(place: Place, folder: Path) -> Plan:
    plain, data = rabbitmq_plan(place, folder), folder / "data"

    def prepare() -> None:
        plain.prepare()
        settings = data / "rabbitmq.conf"
        settings.write_text(settings.read_text().replace("absolute = 50MB", "absolute = 900TB"))

    return replace(plain, prepare=prepare)


def sources(plan: Callable[[Place, Path], Plan]) -> tuple[Source, ...]:
    return (
        LocalSource(
            "root folder", lambda folder: plan(root_place("rabbitmq"), folder), root_obstacle, (ROOT_FOLDER,)
        ),
    )


TLS = Recipe("rabbitmq_tls", "4.3", lambda: sources(rabbitmq_tls_plan), ("ca", "certificate", "key"))
FULL = Recipe("rabbitmq_full", "4.3", lambda: sources(rabbitmq_full_plan))
