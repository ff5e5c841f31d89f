"""The plugin in the life of an application, with its server and without."""

import pytest

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.plugins.aiopika import AioPikaPlugin, AioPikaTransport
from fastapi_chassis.testing.backends.ports import free_port
from tests.integration.plugins.aiopika.conftest import QUICK
from tests.integration.plugins.roads import TransportPluginSuite

pytestmark = [pytest.mark.backends("rabbitmq"), pytest.mark.requirement("MSG-6")]


class Shop(ApplicationAbstract):
    name = "shop"
    plugins = (AioPikaPlugin,)


class TestPlugin(TransportPluginSuite):
    application, transport, quick = Shop, AioPikaTransport, QUICK

    @pytest.fixture
    def url(self, rabbitmq_url: str) -> str:
        return rabbitmq_url

    @pytest.fixture
    def nowhere(self) -> str:
        return f"amqp://127.0.0.1:{free_port()}/"
