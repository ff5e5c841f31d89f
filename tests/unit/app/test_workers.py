"""Workers: what the parent makes of what its children say; that they serve is tested in integration/cli."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastapi_chassis.app import Recipe
from fastapi_chassis.app.serving import announce
from fastapi_chassis.app.workers import WorkerError, run_workers
from fastapi_chassis.config import ServerConfig

MODULE = "shop_of_worker_tests"
SHOP = """
from fastapi_chassis.app import ApplicationAbstract


class Shop(ApplicationAbstract):
    name = "shop"
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


@pytest.mark.requirement("APP-8")
def test_findings_of_a_worker_are_raised_here_once(
    listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{MODULE}.py").write_text(SHOP)
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = Recipe(f"{MODULE}:Shop", {"server.prot": 1}, {"directory": tmp_path})
    with pytest.raises(WorkerError) as caught:
        run_workers(recipe, listener, ServerConfig(workers=3), announce)
    (finding,) = caught.value.findings
    assert "server.prot" in finding.where


def test_worker_that_dies_without_a_word(listener: socket.socket) -> None:
    with pytest.raises(WorkerError, match=r"a worker ended with 1 before it was ready"):
        run_workers(Recipe("no_such_module:Shop"), listener, ServerConfig(workers=2), announce)
