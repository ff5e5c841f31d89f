"""PluginAbstract: one vendor's part of the application, with a life of its own."""

from abc import ABC
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import get_original_bases
from typing import ClassVar, Protocol, get_args

from fastapi import FastAPI

from fastapi_chassis.app.migrations import Migrations
from fastapi_chassis.app.store import Store
from fastapi_chassis.config import DependencyConfig, PluginConfig, RootConfig
from fastapi_chassis.status import Component


class PluginContext(Protocol):
    """What a plugin meets when it starts."""

    @property
    def config(self) -> RootConfig:
        """The whole configuration."""
        ...

    async def enter[T](self, resource: AbstractAsyncContextManager[T]) -> T:
        """Opens a resource; it is closed in reverse order when the plugin stops, whatever happens."""
        ...

    def provide[T](self, interface: type[T], instance: T) -> None:
        """Gives what the class announced in `provides`."""
        ...

    def health[H](self, name: str, check: Callable[[H], Awaitable[Component]], handle: H) -> None:
        """Registers a periodic check under the name of a component."""
        ...


class PluginAbstract[Config: PluginConfig](ABC):
    """One vendor's part of the application.

    A subclass names itself and what it provides, names its configuration in the brackets of its base, as
    `PluginAbstract[KafkaConfig]`, and opens its connection in `start`.

    Args:
        config: its section, checked.
        instance: the section's name; the plugin's own name unless two of one kind are configured.
    """

    name: ClassVar[str]
    config_type: ClassVar[type[PluginConfig]] = PluginConfig
    requires: ClassVar[tuple[str, ...]] = ()
    provides: ClassVar[tuple[type, ...]] = ()

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "config_type" not in cls.__dict__:
            named = [one for base in get_original_bases(cls) for one in get_args(base)]
            sections = (one for one in named if isinstance(one, type) and issubclass(one, PluginConfig))
            cls.config_type = next(sections, cls.config_type)

    def __init__(self, config: Config, *, instance: str = "") -> None:
        self.config = config
        self.instance = instance or self.name

    def register(self, dependencies: DependencyConfig) -> None:  # noqa: B027 - may be left out
        """Binds what handlers may ask for; called when the application is built, before anything starts."""

    def routes(self, app: FastAPI) -> None:  # noqa: B027 - may be left out
        """Adds routes or middleware; called once, when the application is built."""

    async def start(self, context: PluginContext) -> None:  # noqa: B027 - may be left out
        """Opens what is needed; what `context.enter` opened is closed if this raises."""

    async def stop(self) -> None:  # noqa: B027 - may be left out
        """Ends what `start` began beyond its resources; called before they are closed, after a good start."""

    def store(self) -> Store | None:
        """Returns the store that repositories may live in, if this plugin has one; asked before `start`."""
        return None

    def migrations(self) -> Migrations | None:
        """Returns how the schema is brought up to date, if this plugin has one; asked without `start`."""
        return None
