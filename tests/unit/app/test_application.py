import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request

from fastapi_chassis.app import ApplicationAbstract, ServiceModule
from fastapi_chassis.app.application import StartError
from fastapi_chassis.application import current_context
from fastapi_chassis.config import DependencyConfig, RootConfig, ScopeEnum
from fastapi_chassis.domain import ChassisError, Finding, IntegrationEvent
from fastapi_chassis.security import Public
from fastapi_chassis.status import Component, unhealthy
from tests.unit.app.ledger import Ledger, builder, plugin


class Shop(ApplicationAbstract):
    """Writes its life into a ledger."""

    name = "shop"
    ledger: Ledger

    async def on_startup(self) -> None:
        await self.ledger.write("on_startup")

    async def on_shutdown(self) -> None:
        await self.ledger.write("on_shutdown")


def shop(ledger: Ledger, kind: type[Shop] = Shop, **settings: object) -> Shop:
    made = builder(kind)
    for name, value in settings.items():
        made.with_setting(f"server.{name}", value)
    first, second = plugin(ledger, "first"), plugin(ledger, "second", requires=("first",))
    built = made.add_plugin(first).add_plugin(second).build()
    built.ledger = ledger
    return built


@asynccontextmanager
async def speaking(application: ApplicationAbstract) -> AsyncIterator[httpx2.AsyncClient]:
    await application.start()
    transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await application.stop()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


class Hello(ApplicationAbstract):
    name = "hello"
    version = "1.4.0"

    def configure(self, app: FastAPI) -> None:
        assert self.config.service.name == "hello"

        @app.get("/hello", dependencies=[Public])
        async def hello() -> str:
            return self.config.service.version


@pytest.mark.requirement("APP-1", "APP-4")
async def test_a_name_and_configure_are_a_service():
    application = builder(Hello).build()
    async with speaking(application) as client:
        for path in ("/api/health/live", "/api/health/ready", "/api/health"):
            assert (await client.get(path)).status_code == 200
        assert (await client.get("/hello")).json() == "1.4.0"
        assert "/hello" in (await client.get("/api/openapi.json")).json()["paths"]
    assert isinstance(application.fastapi, FastAPI)


@pytest.mark.requirement("APP-3", "APP-7")
async def test_hooks_run_once_between_plugins_and_messages(ledger):
    application = shop(ledger)
    await application.start()
    await application.stop()
    assert ledger.lines == [
        *("first pool opens", "first starts", "first channel opens"),
        *("second pool opens", "second starts", "second channel opens"),
        *("on_startup", "on_shutdown"),
        *("second stops", "second channel closes", "second pool closes"),
        *("first stops", "first channel closes", "first pool closes"),
    ]


@pytest.mark.requirement("APP-3", "APP-8")
async def test_a_failing_on_startup_is_told_and_stops_every_plugin(ledger):
    ledger.failures["on_startup"] = LookupError("no rates at https://u:hunter2@rates")
    application = shop(ledger)
    with pytest.raises(StartError) as failed:
        await application.start()
    (finding,) = failed.value.findings
    assert finding.what == "on_startup failed: LookupError: no rates at https://u:***@rates"
    assert finding.where.endswith("Shop.on_startup")
    assert isinstance(failed.value.__cause__, LookupError)
    assert ledger.lines[-6:] == [
        *("second stops", "second channel closes", "second pool closes"),
        *("first stops", "first channel closes", "first pool closes"),
    ]
    assert ledger.lines.count("on_shutdown") == 1


async def test_what_on_startup_says_to_the_operator_stays_as_it_is(ledger):
    ledger.failures["on_startup"] = ChassisError(Finding("the licence has run out"))
    with pytest.raises(ChassisError) as failed:
        await shop(ledger).start()
    assert failed.value.findings == (Finding("the licence has run out"),)


@pytest.mark.requirement("APP-3")
async def test_a_failing_on_shutdown_stops_every_plugin(ledger, caplog):
    ledger.failures["on_shutdown"] = LookupError("oh")
    application = shop(ledger)
    await application.start()
    await application.stop()
    assert ledger.lines[-1] == "first pool closes"
    assert "on_shutdown failed" in caplog.text


async def test_hooks_that_hang_end_with_their_time_outs(ledger, caplog):
    ledger.stops_at("on_shutdown")
    application = shop(ledger, stop_timeout=0.02)
    await application.start()
    async with asyncio.timeout(5):
        await application.stop()
    assert ledger.lines[-1] == "first pool closes"
    ledger.stops_at("on_startup")
    with pytest.raises(StartError, match=r"on_startup took more than 0\.02 s"):
        await shop(ledger, start_timeout=0.02, stop_timeout=0.02).start()


async def test_it_starts_again_after_a_stop(ledger):
    application = shop(ledger)
    for _ in range(2):
        async with speaking(application) as client:
            ready = await client.get("/api/health/ready")
            assert ready.status_code == 200
            assert "connection" not in ready.headers
    assert ledger.lines.count("on_startup") == ledger.lines.count("on_shutdown") == 2


async def test_it_starts_again_after_a_failed_start(ledger):
    ledger.failures["second starts"] = OSError("away")
    application = shop(ledger)
    with pytest.raises(ChassisError):
        await application.start()
    ledger.failures.clear()
    await application.start()
    await application.stop()
    assert sum("opens" in line for line in ledger.lines) == sum("closes" in line for line in ledger.lines)


async def test_running_it_is_not_started_twice(ledger):
    application = shop(ledger)
    await application.start()
    with pytest.raises(RuntimeError, match="running already"):
        await application.start()
    await application.stop()
    assert ledger.lines.count("on_startup") == 1


async def test_cancelled_while_it_starts_it_leaves_nothing_open(ledger):
    ledger.stops_at("on_startup")
    application = shop(ledger)
    starting = asyncio.create_task(application.start())
    await ledger.reached["on_startup"].wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert ledger.lines[-1] == "first pool closes"
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.requirement("APP-7")
async def test_draining_it_is_not_ready_and_closes_connections(ledger):
    application = shop(ledger)
    async with speaking(application) as client:
        application.drain()
        ready = await client.get("/api/health/ready")
        assert (ready.status_code, ready.json()["reason"]) == (503, "stopping")
        live = await client.get("/api/health/live")
        assert (live.status_code, live.headers["connection"]) == (200, "close")


@pytest.mark.requirement("APP-5")
async def test_what_the_application_made_ends_before_the_plugins_that_it_rests_on(ledger):
    class Pool:
        pass

    class Catalogue:
        pass

    async def catalogue(pool: Pool) -> AsyncIterator[Catalogue]:
        yield Catalogue()
        ledger.lines.append("catalogue ends")

    pools = plugin(ledger, "pools", provides=(Pool,), start=lambda context: context.provide(Pool, Pool()))
    providers = DependencyConfig().bind(Catalogue, catalogue, scope=ScopeEnum.APPLICATION)
    made = builder(Shop).add_plugin(pools).add_module(ServiceModule("m", providers=providers))
    application = made.build()
    application.ledger = ledger
    await application.start()
    await application.assembly.container.get(Catalogue)
    await application.stop()
    assert ledger.lines[-5:] == [
        *("on_shutdown", "catalogue ends"),
        *("pools stops", "pools channel closes", "pools pool closes"),
    ]


async def test_the_lifespan_of_a_router_runs_and_its_state_reaches_requests():
    life = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        life.append("up")
        yield {"greeting": "hello"}
        life.append("down")

    router = APIRouter(lifespan=lifespan, dependencies=[Public])

    @router.get("/greeting")
    async def greeting(request: Request) -> str:
        return request.state.greeting

    application = builder(ApplicationAbstract).add_module(ServiceModule("m", routers=(router,))).build()
    async with speaking(application) as client:
        assert (await client.get("/greeting")).json() == "hello"
    assert life == ["up", "down"]


@pytest.mark.requirement("APP-6")
async def test_health_checks_of_a_module_make_the_service_degraded_not_unready():
    class Depot:
        pass

    async def warehouse(depot: Depot) -> Component:
        return unhealthy("warehouse", "closed")

    module = ServiceModule("m", health={"warehouse": warehouse}, providers=DependencyConfig().bind(Depot))
    async with speaking(builder(ApplicationAbstract).add_module(module).build()) as client:
        found = (await client.get("/api/health")).json()
        assert (found["status"], found["ready"]) == ("degraded", True)
        assert [(one["name"], one["detail"]) for one in found["components"]] == [("warehouse", "closed")]


class Protocol:
    """The server's side of a lifespan."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def turn(self, kind: str) -> dict[str, str]:
        self.heard.put_nowait({"type": kind})
        return await asyncio.wait_for(self.said.get(), 5)


@pytest.mark.requirement("APP-1")
async def test_a_server_starts_and_stops_it_by_the_lifespan_protocol(ledger):
    protocol, application = Protocol(), shop(ledger)
    running = asyncio.create_task(application({"type": "lifespan"}, protocol.heard.get, protocol.said.put))
    assert (await protocol.turn("lifespan.startup"))["type"] == "lifespan.startup.complete"
    assert "on_startup" in ledger.lines
    assert (await protocol.turn("lifespan.shutdown"))["type"] == "lifespan.shutdown.complete"
    assert ledger.lines[-1] == "first pool closes"
    await running


@pytest.mark.requirement("APP-8")
async def test_a_failed_start_is_one_report_to_the_server(ledger):
    ledger.failures["first starts"] = OSError("away")
    protocol, application = Protocol(), shop(ledger)
    running = asyncio.create_task(application({"type": "lifespan"}, protocol.heard.get, protocol.said.put))
    failed = await protocol.turn("lifespan.startup")
    assert failed["type"] == "lifespan.startup.failed"
    assert failed["message"].startswith("shop could not start: 1 finding")
    assert "plugin first could not start: OSError: away" in failed["message"]
    assert "Traceback" not in failed["message"]
    assert application.start_failure is not None
    await running


async def test_messages_flow_after_on_startup_and_end_before_on_shutdown():
    seen: list[str] = []

    class Opened(IntegrationEvent):
        pass

    class Watching(ApplicationAbstract):
        async def on_startup(self) -> None:
            seen.append(f"up {len(self.transport)}")

        async def on_shutdown(self) -> None:
            seen.append(f"down {len(self.transport)}")

        @property
        def transport(self) -> list[object]:
            return [task for task in asyncio.all_tasks() if task.get_name().startswith("relay")]

    async def tell(event: Opened) -> None:
        assert current_context()

    application = builder(Watching).add_module(ServiceModule("m", consumers=(tell,))).build()
    await application.start()
    await asyncio.sleep(0)
    assert application.transport
    await application.stop()
    assert seen == ["up 0", "down 0"]


def test_its_parts_are_reachable():
    application = builder(Hello).build()
    assert application.config is application.assembly.config
    assert isinstance(application.config, RootConfig)
    assert application.mediator is application.assembly.mediator
    assert application.status is application.assembly.status
