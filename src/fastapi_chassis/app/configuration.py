"""Configuration of an application that is not built: for reports, editors and checks."""

from collections.abc import Mapping

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.blueprint import SECTIONS, Blueprint, Made, configuration_of
from fastapi_chassis.app.catalogue import PluginCatalogue
from fastapi_chassis.config import LoadedConfig, RootConfig, config_schema


def load_configuration(
    application: type[ApplicationAbstract], blueprint: Blueprint
) -> LoadedConfig[RootConfig]:
    """Loads what an application would be built with; its wiring isn't looked at.

    Raises:
        ConfigurationError: with every finding.
    """
    made = Made(
        application.name, application.version, application.config_type, (), tuple(application.plugins)
    )
    return configuration_of(made, blueprint, PluginCatalogue([*application.plugins, *blueprint.plugins]))


def configuration_schema(application: type[ApplicationAbstract]) -> Mapping[str, object]:
    """Returns the JSON Schema of an application's `application.yaml`."""
    catalogue = PluginCatalogue(application.plugins)
    return config_schema(application.config_type, sections=SECTIONS, plugins=catalogue.config_types())
