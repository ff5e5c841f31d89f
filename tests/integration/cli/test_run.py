"""`chassis run` through the real command line: banner, address, workers, reload, and a clean stop."""

import re
import signal
import socket
import time
import urllib.request

import pytest

from tests.integration.cli.folder import PROGRAM, Folder, free_port

FAILING = """
class Broken(Shop):
    async def on_startup(self) -> None:
        raise RuntimeError("no luck at postgresql://shop:canary-9f2c41d7e6@db/shop")
"""

LEAVING = """
class Leaving(Shop):
    async def on_shutdown(self) -> None:
        print("plugins may stop now", flush=True)
"""

AWAY = """
from fastapi_chassis.app import PluginAbstract
from fastapi_chassis.domain import ChassisError, Finding


class Ledger(PluginAbstract):
    name = "ledger"

    async def start(self, context) -> None:
        raise ChassisError(Finding("no server answers at ledger:7000", remedy="start it."))


class Lost(Shop):
    plugins = (Ledger,)
"""


def answer(port: int, path: str = "/api/health/ready") -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        status: int = response.status
        return status


@pytest.mark.requirement("APP-8")
def test_port_in_use_says_who_holds_it(folder: Folder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        report = folder.chassis("run", "--port", str(port)).report
    assert re.search(rf"port {port} is in use by \S+ \(process \d+\)", report)
    assert f"--port {port + 1}" in report


@pytest.mark.requirement("APP-2")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_zero(folder: Folder, sent: signal.Signals) -> None:
    folder.append(LEAVING)
    port = free_port()
    with folder.running("shop:Leaving", "--port", str(port)) as service:
        out = service.prints("ready in")
        assert f"shop 1.4.0 · development · http://127.0.0.1:{port}/api/docs\n" in out
        assert re.search(r"^no plugins · ready in \d+\.\d\d s$", out, re.MULTILINE)
        assert answer(port) == 200
        assert service.stopped_by(sent) == 0
        assert "plugins may stop now" in service.out
        assert "Traceback" not in service.err


def test_signal_during_the_start_ends_it_with_zero(folder: Folder) -> None:
    folder.append(
        "import asyncio\nclass Slow(Shop):\n"
        "    async def on_startup(self) -> None:\n"
        "        print('starting', flush=True)\n        await asyncio.sleep(0.5)\n"
    )
    with folder.running("shop:Slow", "--port", "0") as service:
        service.prints("starting")
        assert service.stopped_by(signal.SIGTERM) == 0
        assert "ready in" not in service.out


@pytest.mark.requirement("APP-8")
def test_failing_start_is_a_report(folder: Folder) -> None:
    folder.append(FAILING)
    done = folder.chassis("run", "shop:Broken", "--port", "0")
    assert "RuntimeError: no luck at postgresql://shop:***@db/shop" in done.report
    assert "shop.Broken.on_startup" in done.report


@pytest.mark.requirement("APP-8")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_backend_that_is_away_is_one_report(folder: Folder, workers: str) -> None:
    folder.append(AWAY)
    done = folder.chassis("run", "shop:Lost", "--port", "0", "--workers", workers)
    assert done.report.startswith("shop could not start: 1 finding")
    assert "plugin ledger could not start: no server answers at ledger:7000" in done.report


@pytest.mark.requirement("APP-2")
def test_workers_share_the_address_and_are_replaced(folder: Folder) -> None:
    folder.append(
        "import os\nfrom fastapi_chassis.security import Public\n"
        "who = APIRouter()\n@who.get('/api/who', dependencies=[Public])\n"
        "async def name() -> int: return os.getpid()\n"
        "Shop.modules = (*Shop.modules, ServiceModule('who', routers=(who,)))\n"
    )
    port = free_port()
    with folder.running("--port", str(port), "--workers", "2") as service:
        service.prints("ready in")
        seen: set[str] = set()
        deadline = time.monotonic() + 20
        while len(seen) < 2:
            assert time.monotonic() < deadline, f"only {seen} answered"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/who", timeout=5) as response:
                seen.add(response.read().decode())
        assert service.stopped_by(signal.SIGTERM) == 0
        assert service.out.count("ready in") == 1


@pytest.mark.requirement("APP-2")
def test_reload_starts_anew_when_the_source_changes(folder: Folder) -> None:
    with folder.running("--port", "0", "--reload") as service:
        service.prints("shop 1.4.0")
        source = (folder.path / "shop.py").read_text()
        folder.write("shop.py", source.replace("1.4.0", "1.5.0"))
        service.prints("shop 1.5.0")
        assert service.stopped_by(signal.SIGTERM) == 0


@pytest.mark.requirement("APP-2")
def test_parts_of_one_process_can_not_be_shared(folder: Folder) -> None:
    folder.write(
        "serve.py",
        "import shop\nfrom fastapi_chassis.app import ApplicationGenericBuilder, ServiceModule\n"
        "from fastapi_chassis.domain import ChassisError\n"
        "builder = ApplicationGenericBuilder(shop.Shop).add_module(ServiceModule('more'))\n"
        "builder.with_setting('server.workers', 2).with_setting('server.port', 0)\n"
        "try:\n    builder.build_and_serve()\n"
        "except ChassisError as fault:\n    print(fault)\n",
    )
    python = str(PROGRAM.with_name("python"))
    done = folder.chassis(program=(python, "serve.py"))
    assert "server.workers: 2 needs an application that other processes can make too" in done.out


def test_module_runs_as_the_script_does(folder: Folder) -> None:
    python = str(PROGRAM.with_name("python"))
    done = folder.chassis("routes", program=(python, "-m", "fastapi_chassis"))
    assert done.code == 0
    assert "/api/items/" in done.out
