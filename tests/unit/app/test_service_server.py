import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fastapi_chassis.app import AddressError, ApplicationAbstract, Blueprint, listen_at
from fastapi_chassis.app.service_server import ServiceServer, run_here
from fastapi_chassis.domain import ChassisError, Finding


class Shop(ApplicationAbstract):
    name = "shop"

    def __init__(self, blueprint: Blueprint) -> None:
        super().__init__(blueprint)
        self.life: list[str] = []

    async def on_startup(self) -> None:
        self.life.append("up")

    async def on_shutdown(self) -> None:
        self.life.append("down")


class Broken(Shop):
    async def on_startup(self) -> None:
        raise ChassisError(Finding("no luck"))


type Make = Callable[..., Shop]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(kind: type[Shop] = Shop, **arguments: object) -> Shop:
        given = {"server.port": 0, **{f"server.{name}": value for name, value in arguments.items()}}
        return kind(Blueprint(arguments=given, sources={"directory": tmp_path, "environ": {}}))

    return made


def ending(sent: signal.Signals, times: int = 1) -> Callable[[ApplicationAbstract, str, float], None]:
    def ready(application: ApplicationAbstract, url: str, seconds: float) -> None:
        assert isinstance(application, Shop)
        assert url.startswith("http://127.0.0.1:")
        assert seconds >= 0
        for _ in range(times):
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), sent)

    return ready


def run(application: Shop, ready: Callable[[ApplicationAbstract, str, float], None]) -> None:
    with listen_at(application.config.server) as listener:
        run_here(application, listener, ready, 0.0)


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signal_is_a_clean_stop(make: Make, sent: signal.Signals) -> None:
    application = make()
    before = signal.getsignal(sent)
    run(application, ending(sent))
    assert application.life == ["up", "down"]
    assert signal.getsignal(sent) is before


def test_second_interrupt_cuts_the_stop_short(make: Make) -> None:
    application = make(drain_delay=30)

    def ready(shop: ApplicationAbstract, url: str, seconds: float) -> None:
        del shop, url, seconds
        loop = asyncio.get_running_loop()
        for delay in (0.02, 0.04, 0.06):
            loop.call_later(delay, os.kill, os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(application, ready)


@pytest.mark.requirement("APP-8")
def test_failing_start_is_raised_as_it_is(make: Make) -> None:
    with pytest.raises(ChassisError, match="no luck"):
        run(make(Broken), ending(signal.SIGTERM))


@pytest.mark.requirement("APP-3")
def test_what_started_is_stopped_where_the_rest_fails(make: Make) -> None:
    application = make()

    def ready(shop: ApplicationAbstract, url: str, seconds: float) -> None:
        del shop, url, seconds
        raise ValueError("no banner")

    with pytest.raises(ValueError, match="no banner"):
        run(application, ready)
    assert application.life == ["up", "down"]


def test_address_taken_meanwhile_is_a_finding(make: Make) -> None:
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind(("127.0.0.1", 0))
        application = make(port=first.getsockname()[1])
        with listen_at(application.config.server) as listener:
            first.listen()
            with pytest.raises(AddressError, match="is in use"):
                run_here(application, listener, ending(signal.SIGTERM), 0.0)
    assert application.life == ["up", "down"]


def test_runs_beside_the_main_thread(make: Make) -> None:
    application = make()
    servers: list[ServiceServer] = []

    def work() -> None:
        with listen_at(application.config.server) as listener:
            server = ServiceServer(application, lambda *_: None, 0.0)
            servers.append(server)
            server.run(sockets=[listener])

    thread = threading.Thread(target=work)
    thread.start()
    while not (servers and servers[0].started):
        thread.join(0.01)
    servers[0].should_exit = True
    thread.join(10)
    assert application.life == ["up", "down"]


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_url_can_be_opened(make: Make, host: str, shown: str) -> None:
    urls: list[str] = []

    def ready(shop: ApplicationAbstract, url: str, seconds: float) -> None:
        del shop, seconds
        urls.append(url.rpartition(":")[0])
        os.kill(os.getpid(), signal.SIGTERM)

    run(make(host=host), ready)
    assert urls == [f"http://{shown}"]


def test_the_heap_of_the_start_is_left_alone_while_it_serves(make: Make) -> None:
    frozen: list[int] = []

    def ready(application: ApplicationAbstract, url: str, seconds: float) -> None:
        frozen.append(gc.get_freeze_count())
        ending(signal.SIGTERM)(application, url, seconds)

    before = gc.get_freeze_count()
    run(make(), ready)
    assert frozen[0] > before == gc.get_freeze_count()
