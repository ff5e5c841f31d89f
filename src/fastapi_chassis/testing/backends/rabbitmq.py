"""RabbitMQ for tests: from the root folder, or a container."""

import secrets
from pathlib import Path

from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import Place
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.root_folder import ROOT_FOLDER, root_obstacle, root_place
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

# The protocol header of AMQP 0-9-1; the server answers with a method frame on channel 0.
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01\x00\x00"

SETTINGS = """
listeners.tcp.local = {host}:{port}
loopback_users.guest = true
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 50MB
"""


def rabbitmq_plan(place: Place, folder: Path) -> Plan:
    """Plan a broker with a port mapper of its own, so that nothing stays behind when both stop.

    Args:
        place: where the programs lie.
        folder: for the data.
    """
    port, node_port, mapper_port = free_port(), free_port(), free_port()
    data = folder / "data"
    seen = place.data(data)
    env = {
        "HOME": seen,
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": f"chassis{port}@localhost",
        "RABBITMQ_MNESIA_BASE": f"{seen}/mnesia",
        "RABBITMQ_LOG_BASE": f"{seen}/log",
        "RABBITMQ_CONFIG_FILE": f"{seen}/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{seen}/enabled_plugins",
        "RABBITMQ_DIST_PORT": str(node_port),
        # The start script then becomes the broker by exec: the process id is the broker's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }

    def prepare() -> None:
        data.mkdir(mode=0o700)
        (data / "rabbitmq.conf").write_text(SETTINGS.format(host=LOOPBACK, port=port))
        (data / "enabled_plugins").write_text("[].\n")
        cookie = data / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(20))
        cookie.chmod(0o400)
        place.own(data)

    mapper = place.command(place.program("epmd"), folder=data, env=env)
    # The script of Debian in /usr/sbin would start another shell; the broker's own is taken.
    broker = place.command("/usr/lib/rabbitmq/bin/rabbitmq-server", folder=data, env=env)
    programs = (
        Program("epmd", mapper, Answer(mapper_port)),
        Program("rabbitmq", broker, Answer(port, AMQP_HEADER, METHOD_FRAME), timeout=90.0),
    )
    return Plan(f"amqp://guest:guest@{LOOPBACK}:{port}/", programs, prepare)


def rabbitmq_sources() -> tuple[Source, ...]:
    """Return where RabbitMQ may come from."""
    return (
        LocalSource(
            "root folder",
            lambda folder: rabbitmq_plan(root_place("rabbitmq"), folder),
            root_obstacle,
            (ROOT_FOLDER,),
        ),
        ContainerSource(
            image="rabbitmq:4.3",
            port=5672,
            ready=lambda port: Answer(port, AMQP_HEADER, METHOD_FRAME),
            url=lambda port: f"amqp://guest:guest@{LOOPBACK}:{port}/",
        ),
    )
