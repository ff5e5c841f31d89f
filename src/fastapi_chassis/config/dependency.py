"""DependencyConfig: which implementation stands behind which interface."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, cast


class ScopeEnum(StrEnum):
    """How long an instance lives."""

    APPLICATION = "application"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Binding:
    """One interface and what stands behind it.

    Args:
        interface: the type that handlers ask for; a generic alias is one as well.
        factory: a class or function whose annotated parameters are resolved in turn; it may be a coroutine
            function or an (async) generator function, whose rest runs when the scope is left.
        scope: how long the instance lives.
        origin: who bound it, for reports.
    """

    interface: type[object]
    factory: Callable[..., object]
    scope: ScopeEnum
    origin: str


class DependencyConfig:
    """Binds interfaces to implementations.

    Args:
        origin: who binds, for reports.
    """

    def __init__(self, origin: str = "application") -> None:
        self._origin = origin
        self._bindings: dict[object, Binding] = {}

    def bind(
        self,
        interface: object,
        implementation: Callable[..., object] | None = None,
        *,
        scope: ScopeEnum = ScopeEnum.MESSAGE,
    ) -> Self:
        """Binds an interface; the later binding of one wins.

        Args:
            interface: the type that handlers ask for.
            implementation: a class or factory; the interface itself where nothing is given.
            scope: how long the instance lives.
        """
        made_by = implementation or cast("Callable[..., object]", interface)
        self._bindings[interface] = Binding(cast("type[object]", interface), made_by, scope, self._origin)
        return self

    def bind_instance(self, interface: object, instance: object) -> Self:
        """Binds an interface to something that exists."""

        def existing() -> object:
            return instance

        return self.bind(interface, existing, scope=ScopeEnum.APPLICATION)

    def __iter__(self) -> Iterator[Binding]:
        return iter(self._bindings.values())
