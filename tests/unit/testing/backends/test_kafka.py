import pytest

from fastapi_chassis.testing.backends import kafka
from fastapi_chassis.testing.backends.kafka import (
    PROJECT,
    SETTINGS,
    java_obstacle,
    kafka_sources,
    maven_obstacle,
)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    java_obstacle.cache_clear()
    yield tmp_path
    java_obstacle.cache_clear()


def java(folder, version):
    file = folder / "java"
    file.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    file.chmod(0o755)


def test_what_is_missing_is_named(programs):
    assert java_obstacle() == "java is missing (version 17 or newer)"
    assert maven_obstacle() == "mvn is missing (apt-get install maven)"


@pytest.mark.parametrize(
    ("version", "obstacle"),
    [
        ("25.0.1", None),
        ("17.0.15", None),
        ("11.0.2", "java 11 is too old (17 or newer is needed)"),
        ("", None),
    ],
)
def test_an_old_java_is_refused(programs, version, obstacle):
    java(programs, version)
    expected = obstacle if version else "java ? is too old (17 or newer is needed)"
    assert java_obstacle() == expected


def test_the_project_names_the_version_that_the_folder_is_called_by():
    assert f"<version>{kafka.VERSION}</version>" in PROJECT
    assert kafka.JARS.path.name == f"kafka-{kafka.VERSION}"


def test_one_node_is_enough_for_every_internal_topic():
    for name in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert f"{name}.replication.factor=1" in SETTINGS


def test_the_container_tells_clients_the_port_of_this_machine():
    container = kafka_sources()[1]
    assert container.advertise(4711) == {"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://127.0.0.1:4711"}
    assert container.env["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert container.env["KAFKA_LISTENERS"].startswith("PLAINTEXT://:9092")
