"""A plugin by a stranger: known by an entry point, enabled by configuration alone."""

import signal

import pytest

from tests.integration.cli.folder import CANARY, Folder, free_port
from tests.integration.experience.calls import call
from tests.integration.experience.stranger import QUESTION, install


@pytest.fixture
def shop(folder: Folder) -> Folder:
    install(folder)
    folder.append(QUESTION)
    return folder


@pytest.mark.requirement("PLG-1")
def test_it_serves_from_configuration_alone(shop: Folder) -> None:
    shop.write("application.yaml", f"plugins:\n  clickhouse: {{url: 'clickhouse://shop:{CANARY}@db/shop'}}\n")
    port = free_port()
    with shop.running("shop:Views", "--port", str(port)) as service:
        assert "clickhouse · ready in" in service.prints("ready in")
        assert call(port, "/api/items/views", {}).json == "views at clickhouse://shop:***@db/shop"
        (component,) = call(port, "/api/health").json["components"]
        assert (component["name"], component["status"]) == ("clickhouse", "healthy")
        assert service.stopped_by(signal.SIGTERM) == 0
        assert service.out.count("clickhouse opened") == service.out.count("clickhouse closed") == 1
        assert CANARY not in service.out + service.err


@pytest.mark.requirement("PLG-1", "CFG-2")
def test_key_prefix_and_schema_follow_from_its_name(shop: Folder) -> None:
    shop.write("application.yaml", "plugins: {clickhouse: {}}\n")
    shop.environ["CHASSIS_PLUGINS__CLICKHOUSE__URL"] = f"clickhouse://shop:{CANARY}@other/shop"
    done = shop.chassis("config", "show", "shop:Views", "--json")
    (url,) = [row for row in done.json if row["path"] == "plugins.clickhouse.url"]
    assert url["value"] == "clickhouse://shop:***@other/shop"
    assert url["origin"] == "environment variable CHASSIS_PLUGINS__CLICKHOUSE__URL"

    sections = shop.chassis("config", "schema", "shop:Views").json["properties"]["plugins"]["properties"]
    assert "clickhouse" in sections

    shop.write("application.yaml", "plugins: {clickhouse: {ulr: x}}\n")
    report = shop.chassis("run", "shop:Views").report
    assert "plugins.clickhouse.ulr\n   unknown key. Did you mean url?" in report


@pytest.mark.requirement("PLG-1", "APP-8")
def test_without_its_section_it_is_missed(shop: Folder) -> None:
    report = shop.chassis("run", "shop:Views").report
    assert "shop.count_views asks for ClickHouse, which nothing provides" in report


@pytest.mark.requirement("STA-1")
def test_its_component_makes_the_service_unready(shop: Folder) -> None:
    shop.write("application.yaml", "plugins: {clickhouse: {answers: false}}\n")
    port = free_port()
    with shop.running("shop:Views", "--port", str(port)) as service:
        service.prints("ready in")
        assert call(port, "/api/health/ready").status == 503
        assert call(port, "/api/health").json["components"][0]["status"] == "unhealthy"
        assert service.stopped_by(signal.SIGTERM) == 0
    looked = shop.chassis("doctor", "shop:Views", "--set", "server.port=0")
    assert looked.code == 1
    assert "installed: aiopika, clickhouse, kafka, nats, odm, redis, sqlalchemy" in looked.out
    assert "clickhouse is unhealthy: no answer" in looked.out
