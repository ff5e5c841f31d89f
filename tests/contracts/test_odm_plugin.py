"""The lifecycle contract on the plugin of MongoDB."""

from typing import ClassVar

import pytest

from fastapi_chassis.plugins.odm import ODMConfig, ODMPlugin
from fastapi_chassis.testing.contracts import PluginContract


@pytest.mark.requirement("PLG-2", "PLG-3", "PLG-5", "PLG-6")
@pytest.mark.backends("ferretdb")
class TestODM(PluginContract):
    plugin_type = ODMPlugin
    vendor_modules: ClassVar[tuple[str, ...]] = ("pymongo", "bson", "beanie")

    @pytest.fixture
    def config(self, ferretdb_url: str) -> ODMConfig:
        return ODMConfig.model_validate({"url": ferretdb_url, "database": "plugin_contract"})
