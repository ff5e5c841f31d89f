import os
import shutil

import pytest

from fastapi_chassis.testing.backends import root_folder
from fastapi_chassis.testing.backends.root_folder import (
    ROOT_FOLDER,
    build_obstacle,
    root_obstacle,
    root_place,
)


def test_without_root_there_is_no_root_folder(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert root_obstacle() == "a root folder needs root"


def test_on_another_system_there_is_no_root_folder(monkeypatch):
    monkeypatch.setattr(root_folder.sys, "platform", "darwin")
    assert root_obstacle() == "a root folder needs Linux"


def test_a_missing_tool_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert build_obstacle() == "mmdebstrap is missing (apt-get install mmdebstrap)"


def test_a_server_runs_in_the_built_folder_as_its_own_user():
    place = root_place("valkey")
    assert (place.root, place.user) == (ROOT_FOLDER.path, "valkey")


@pytest.mark.parametrize(
    "package", ["postgresql-18-documentdb", "rabbitmq-server", "nats-server", "valkey-server"]
)
def test_the_folder_holds_every_server_of_debian(package):
    assert package in root_folder.PACKAGES
