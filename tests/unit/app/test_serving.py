import logging
import socket
from pathlib import Path

import pytest

from fastapi_chassis.app import AddressError, ApplicationAbstract, Blueprint, serve
from fastapi_chassis.app.serving import announce
from fastapi_chassis.domain import WiringError


class Shop(ApplicationAbstract):
    name = "shop"


def made(tmp_path: Path, **arguments: object) -> Shop:
    return Shop(Blueprint(arguments=arguments, sources={"directory": tmp_path, "environ": {}}))


@pytest.mark.requirement("APP-8")
def test_address_in_use_is_known_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        application = made(tmp_path, **{"server.port": holder.getsockname()[1]})
        with pytest.raises(AddressError):
            serve(application)
    assert not application.fastapi.state.chassis.draining


@pytest.mark.requirement("APP-2")
@pytest.mark.parametrize("wish", [{"server.workers": 3}, {"server.reload": True}])
def test_several_processes_need_a_recipe(tmp_path: Path, wish: dict[str, object]) -> None:
    with pytest.raises(
        WiringError, match=r"needs an application that other processes can make too, and Shop has"
    ):
        serve(made(tmp_path, **wish, **{"server.port": 0}))


def test_readiness_is_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "fastapi_chassis.server"):
        announce(made(tmp_path), "http://127.0.0.1:8000", 0.4)
    assert caplog.messages == ["shop is ready at http://127.0.0.1:8000 after 0.40 s"]
