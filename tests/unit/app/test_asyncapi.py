"""An application's document: what it sends and takes, over which broker, and nothing that is secret."""

import json
import types
from typing import ClassVar

import httpx2
import pytest

from fastapi_chassis.app import (
    ApplicationAbstract,
    ApplicationGenericBuilder,
    PluginAbstract,
    ServiceModule,
    asyncapi_of,
    known_events,
    transport_name,
)
from fastapi_chassis.config import PluginConfig
from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import Transport, upcaster


class LampLit(IntegrationEvent, name="app_lamp_lit", version=2):
    """A lamp shines."""

    room: str


# An event of somebody else's package, and one that nobody here knows.
FOREIGN = types.new_class(
    "SunRisen", (IntegrationEvent,), {}, lambda space: space.update(__module__="sky.events")
)
UNKNOWN = types.new_class(
    "SunSet", (IntegrationEvent,), {}, lambda space: space.update(__module__="sky.events")
)


@upcaster(LampLit, from_version=1)
def room_for_place(data: dict[str, object]) -> dict[str, object]:
    return {"room": data["place"]}


async def rest(event: LampLit) -> None:
    """Closes its eyes.

    And sleeps.
    """


async def wake(event: FOREIGN) -> None: ...


HOME = ServiceModule("home", consumers=(rest, wake), upcasters=(room_for_place,))


class Broker(PluginConfig):
    password: str = "hunter2"
    place: str = "a.example:4222, b.example:4223, realm /home"


class NatsPlugin(PluginAbstract[Broker]):
    name = "nats"
    config_type = Broker
    provides: ClassVar[tuple[type, ...]] = (Transport,)


def house(*plugins: type[PluginAbstract[Broker]], **settings: object) -> ApplicationAbstract:
    class House(ApplicationAbstract):
        name = "house"
        version = "1.2.0"
        modules: ClassVar = (HOME,)

    builder = ApplicationGenericBuilder(House).with_sources(environ={}).with_setting("environment", "test")
    for path, value in settings.items():
        builder.with_setting(path.replace("__", "."), value)
    for plugin in plugins:
        builder.add_plugin(plugin(plugin.config_type()))
    return builder.build()


def document(app: ApplicationAbstract) -> dict:
    parts = app.assembly
    return asyncapi_of(parts.config, parts.modules, parts.plugins, parts.road)


def ours(found: dict) -> dict:
    return {name: one for name, one in found.items() if "app_lamp_lit" in name or "sun_" in name}


@pytest.mark.requirement("MSG-14")
def test_own_events_are_sent_and_taken_ones_received() -> None:
    found = document(house())
    assert found["info"] == {"title": "house", "version": "1.2.0"}
    assert {name: one["action"] for name, one in ours(found["operations"]).items()} == {
        "send.app_lamp_lit.v2": "send",
        "receive.app_lamp_lit.v2.house.home.rest": "receive",
        "receive.sun_risen.v1.house.home.wake": "receive",
    }
    assert found["channels"]["sun_risen"]["address"] == "integration-events.sun_risen"
    receives = found["operations"]["receive.app_lamp_lit.v2.house.home.rest"]
    assert (receives["title"], receives["summary"]) == ("house.home.rest", "Closes its eyes.")
    assert found["components"]["messages"]["app_lamp_lit.v2"]["description"] == "Also read in version 1."
    assert "servers" not in found


@pytest.mark.requirement("MSG-14")
def test_the_broker_is_named_and_its_secrets_are_not() -> None:
    app = house(NatsPlugin)
    found = document(app)
    assert found["servers"] == {
        "nats": {"host": "a.example:4222", "protocol": "nats"},
        "nats1": {"host": "b.example:4223", "protocol": "nats"},
    }
    receives = found["operations"]["receive.sun_risen.v1.house.home.wake"]
    assert receives["bindings"]["nats"]["queue"] == "house.home"
    assert "ce-id" in found["components"]["messages"]["sun_risen.v1"]["headers"]["properties"]
    assert "hunter2" not in json.dumps(found)
    assert transport_name(app.assembly.plugins) == "nats"


def test_what_nobody_here_knows_is_left_out() -> None:
    parts = house().assembly
    known = known_events(parts.modules, parts.road)
    assert FOREIGN in known
    assert UNKNOWN not in known
    assert known == sorted(known, key=lambda event: (event.message_name, event.event_version))
    assert transport_name(parts.plugins) == "memory"


async def test_the_document_is_served_beside_the_pages() -> None:
    served = await answer(house())
    assert served.status_code == 200
    assert served.json()["channels"]["app_lamp_lit"]["address"] == "integration-events.app_lamp_lit"
    assert (await answer(house(api__docs=False))).status_code == 404


async def answer(app: ApplicationAbstract) -> httpx2.Response:
    transport = httpx2.ASGITransport(app.fastapi)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert "/api/asyncapi.json" not in (app.fastapi.openapi()["paths"])
        return await client.get("/api/asyncapi.json")
