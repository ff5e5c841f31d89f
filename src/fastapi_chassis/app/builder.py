"""ApplicationGenericBuilder: says what an application is made of, then makes it."""

from pathlib import Path
from types import get_original_bases
from typing import Self, Unpack, cast, get_args

from fastapi_chassis.app.application import ApplicationAbstract
from fastapi_chassis.app.blueprint import Blueprint
from fastapi_chassis.app.catalogue import PluginType
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.plugin_order import AnyPlugin
from fastapi_chassis.app.recipe import recipe_of
from fastapi_chassis.app.serving import serve
from fastapi_chassis.config import ConfigSources, DependencyConfig, RootConfig
from fastapi_chassis.domain import Finding, WiringError


class ApplicationGenericBuilder[App: ApplicationAbstract]:
    """Collects parts and builds the application; used as it is, or subclassed with its type named.

    Args:
        application: the application's class; a subclass of the builder may name it in its brackets instead.
    """

    def __init__(self, application: type[App] | None = None) -> None:
        self._application = application or self._named()
        self._blueprint = Blueprint()

    def add_plugin(self, plugin: PluginType | AnyPlugin) -> Self:
        """Enables a plugin: a class takes its section from the configuration, an instance has it already."""
        self._blueprint.plugins.append(plugin)
        return self

    def add_module(self, module: ServiceModule) -> Self:
        """Adds a feature to those that the application's class lists."""
        self._blueprint.modules.append(module)
        return self

    def with_config(self, config: RootConfig) -> Self:
        """Takes this configuration as it is: no file, no environment."""
        self._blueprint.config = config
        return self

    def with_config_file(self, path: Path | str) -> Self:
        """Reads this file instead of `application.yaml`."""
        return self.with_sources(file=Path(path))

    def with_sources(self, **sources: Unpack[ConfigSources]) -> Self:
        """Says where configuration is read: `file`, `directory`, `profile`, `environ`."""
        self._blueprint.sources.update(sources)
        return self

    def with_setting(self, path: str, value: object) -> Self:
        """Sets one value above every file and variable: `with_setting("server.port", 9000)`."""
        self._blueprint.arguments[path] = value
        return self

    def with_dependencies(self, dependencies: DependencyConfig) -> Self:
        """Replaces bindings of modules and plugins; tests put their doubles here."""
        self._blueprint.overrides.append(dependencies)
        return self

    def build(self) -> App:
        """Makes the application.

        Raises:
            ChassisError: with everything that is wired or configured wrongly.
        """
        return self._application(self._blueprint)

    def build_and_serve(self) -> None:
        """Makes the application and serves it until a signal comes, as its `server` section says.

        Raises:
            ChassisError: with everything that is wrong, the address included.
        """
        serve(self.build(), recipe=recipe_of(self._application, self._blueprint))

    def _named(self) -> type[App]:
        for base in (base for kind in type(self).__mro__[:-1] for base in get_original_bases(kind)):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, ApplicationAbstract):
                    return cast("type[App]", argument)
        raise WiringError(
            Finding(
                f"{type(self).__name__} does not know which application to build",
                remedy="write ApplicationGenericBuilder(MyApp), or derive from it with [MyApp].",
            )
        )
