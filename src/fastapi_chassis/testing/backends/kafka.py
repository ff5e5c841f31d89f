"""Kafka for tests: one KRaft node from the jars of Maven Central, or a container."""

import base64
import os
import re
import shutil
import subprocess
import uuid
from functools import cache
from pathlib import Path

from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.containers import ContainerSource
from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.ports import LOOPBACK, free_port
from fastapi_chassis.testing.backends.process import Command, run
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.server import Plan, Program
from fastapi_chassis.testing.backends.source import LocalSource, Source

VERSION = "4.3.0"
OLDEST_JAVA = 17
BUILD_SECONDS = 600.0
JVM_FLAGS = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# ApiVersions, version 0, correlation id 7: a broker that is ready answers; the reply begins with its length.
API_VERSIONS = bytes.fromhex("0000000d 0012 0000 00000007 0003 616263")

PROJECT = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fastapi-chassis</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""

SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={logs}
num.partitions=3
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""


def make_jars(folder: Path) -> None:
    """Fill an empty folder with Kafka and what it needs."""
    (folder / "pom.xml").write_text(PROJECT)
    goal = ("dependency:copy-dependencies", "-DoutputDirectory=jars", "-DincludeScope=runtime")
    command = Command(("mvn", "--batch-mode", "--quiet", *goal), dict(os.environ))
    run(command, timeout=BUILD_SECONDS, what="mvn", cwd=folder)


def maven_obstacle() -> str | None:
    """Say why the jars can't be fetched here, or None."""
    return None if shutil.which("mvn") else "mvn is missing (apt-get install maven)"


@cache
def java_obstacle() -> str | None:
    """Say why the jars can't run here, or None."""
    java = shutil.which("java")
    if java is None:
        return f"java is missing (version {OLDEST_JAVA} or newer)"
    done = subprocess.run(  # noqa: S603 - a fixed command
        (java, "-version"), capture_output=True, text=True, timeout=30, check=False
    )
    found = re.search(r'version "(\d+)', done.stderr)
    if found is None or int(found[1]) < OLDEST_JAVA:
        return f"java {found[1] if found else '?'} is too old ({OLDEST_JAVA} or newer is needed)"
    return None


JARS = Artifact(name="kafka", version=VERSION, make=make_jars, obstacle=maven_obstacle)


def kafka_plan(folder: Path) -> Plan:
    """Plan one node that is broker and controller.

    Args:
        folder: for the data.
    """
    port, controller = free_port(), free_port()
    data = folder / "data"
    settings = data / "server.properties"
    place = HostPlace()
    java = (place.program("java"), *JVM_FLAGS, "-cp", f"{JARS.path}/jars/*")

    def prepare() -> None:
        data.mkdir(mode=0o700)
        settings.write_text(
            SETTINGS.format(host=LOOPBACK, port=port, controller=controller, logs=data / "logs")
        )
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        argv = (*java, "kafka.tools.StorageTool", "format", f"--cluster-id={identity}", "-c", str(settings))
        run(place.command(*argv, folder=data), timeout=60, what="Kafka's format")

    broker = place.command(*java, "kafka.Kafka", str(settings), folder=data)
    server = Program("kafka", broker, Answer(port, API_VERSIONS, b"\x00"), timeout=90.0)
    return Plan(f"{LOOPBACK}:{port}", (server,), prepare)


def kafka_sources() -> tuple[Source, ...]:
    """Return where Kafka may come from."""
    return (
        LocalSource("jars", kafka_plan, java_obstacle, (JARS,)),
        ContainerSource(
            image=f"apache/kafka:{VERSION}",
            port=9092,
            ready=lambda port: Answer(port, API_VERSIONS, b"\x00"),
            url=lambda port: f"{LOOPBACK}:{port}",
            env=_container_settings(),
            advertise=lambda port: {"KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}"},
        ),
    )


def _container_settings() -> dict[str, str]:
    """The same settings as the image wants them: environment variables."""
    lines = SETTINGS.format(host="localhost", port=9092, controller=9093, logs="/tmp/kafka").split()  # noqa: S108
    pairs = (line.split("=", 1) for line in lines)
    settings = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in pairs}
    settings["KAFKA_LISTENERS"] = "PLAINTEXT://:9092,CONTROLLER://localhost:9093"
    return settings
