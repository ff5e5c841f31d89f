"""The plugin in the life of an application, with its server and without."""

import pytest

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.plugins.nats import NatsPlugin, NatsTransport
from fastapi_chassis.testing.backends.ports import free_port
from tests.integration.plugins.nats.conftest import QUICK
from tests.integration.plugins.roads import TransportPluginSuite

pytestmark = [pytest.mark.backends("nats"), pytest.mark.requirement("MSG-6")]


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (NatsPlugin,)


class TestPlugin(TransportPluginSuite):
    application, transport, quick = Shop, NatsTransport, QUICK

    @pytest.fixture
    def url(self, nats_url: str) -> str:
        return nats_url

    @pytest.fixture
    def nowhere(self) -> str:
        return f"nats://127.0.0.1:{free_port()}"
