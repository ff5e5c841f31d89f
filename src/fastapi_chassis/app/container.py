"""Container: one place from which every door gets its dependencies."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, cast, get_args, get_origin

from fastapi_chassis.app.factories import is_abstract, narrowed, needs_of, readable_needs
from fastapi_chassis.application import Resolver, name_of
from fastapi_chassis.config import Binding, DependencyConfig, ScopeEnum
from fastapi_chassis.domain import Finding


@dataclass(frozen=True, slots=True)
class Need:
    """Somebody asks for something.

    Args:
        wanted: the type.
        by: who asks, for reports.
    """

    wanted: object
    by: str


def title_of(wanted: object) -> str:
    """Names a type as its author wrote it: `Mailer`, `AbstractRepository[Item, UUID]`."""
    arguments = get_args(wanted)
    plain = get_origin(wanted) or wanted
    name = getattr(plain, "__qualname__", repr(plain))
    return f"{name}[{', '.join(title_of(argument) for argument in arguments)}]" if arguments else str(name)


class Scoped(Protocol):
    """The library's container, as far as this room uses it."""

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves a type."""
        ...

    def __call__(self) -> AbstractAsyncContextManager[Resolver]:
        """Opens a scope below."""
        ...

    async def close(self) -> None:
        """Ends what was made."""
        ...


class Container:
    """Everything that is bound, checked as a whole, and resolved once the application runs.

    Args:
        bindings: the later of two for one interface wins.
    """

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self._bindings: dict[object, Binding] = {binding.interface: binding for binding in bindings}
        self._running: Scoped | None = None

    def bind_all(self, bindings: Iterable[Binding]) -> None:
        """Adds bindings, or replaces them; only before it is opened."""
        self._bindings |= {binding.interface: binding for binding in bindings}

    def bind_instance(self, interface: object, instance: object) -> None:
        """Binds something that exists."""
        self.bind_all(DependencyConfig("the chassis").bind_instance(interface, instance))

    def provides(self, wanted: object) -> bool:
        """Whether something is bound to a type."""
        return wanted in self._bindings

    def is_application_scoped(self, wanted: object) -> bool:
        """Whether the one instance lives as long as the application."""
        binding = self._bindings.get(wanted)
        return binding is not None and binding.scope is ScopeEnum.APPLICATION

    def needs(self) -> Iterator[Need]:
        """Yields what the bound factories ask for, as far as it can be read."""
        for binding in self._bindings.values():
            by = f"{name_of(binding.factory)} (bound to {title_of(binding.interface)} by {binding.origin})"
            for wanted in readable_needs(binding.factory):
                yield Need(wanted, by)

    def check(
        self, needs: Iterable[Need], *, may_be_provided: Callable[[object], bool] | None = None
    ) -> list[Finding]:
        """Finds everything that is asked for and not provided, and every binding that can't hold.

        Args:
            needs: what handlers and routes ask for; what factories ask for is known.
            may_be_provided: whether a plugin that could not be made might have provided a type.
        """
        asked = dict.fromkeys([*needs, *self.needs()])
        findings = [
            _unbound(need)
            for need in asked
            if need.wanted not in self._bindings
            and not (may_be_provided is not None and may_be_provided(need.wanted))
        ]
        for binding in self._bindings.values():
            findings += self._binding_findings(binding)
        return findings + self._cycles()

    def _binding_findings(self, binding: Binding) -> list[Finding]:
        title = title_of(binding.interface)
        maker = name_of(binding.factory)
        if is_abstract(binding.factory):
            return [Finding(f"{maker}, bound to {title}, is abstract", remedy="bind a class that fills it.")]
        try:
            needs = needs_of(binding.factory)
        except TypeError as fault:
            return [
                Finding(
                    f"{maker}, bound to {title}, can't be called: {fault}", remedy="annotate its parameters."
                )
            ]
        if binding.scope is not ScopeEnum.APPLICATION:
            return []
        return [
            Finding(
                f"{title} lives as long as the application and asks for {title_of(wanted)}, "
                "which lives for one message",
                remedy=f"bind {title} with scope=ScopeEnum.MESSAGE.",
            )
            for wanted in needs.values()
            if wanted in self._bindings and not self.is_application_scoped(wanted)
        ]

    def _cycles(self) -> list[Finding]:
        graph = {key: [*readable_needs(binding.factory)] for key, binding in self._bindings.items()}
        done: set[object] = set()
        findings: list[Finding] = []

        def visit(key: object, path: tuple[object, ...]) -> None:
            if key in path:
                ring = " → ".join(title_of(one) for one in (*path[path.index(key) :], key))
                findings.append(
                    Finding(f"dependencies run in a circle: {ring}", remedy="take one of them apart.")
                )
            elif key not in done:
                for need in graph.get(key, ()):
                    visit(need, (*path, key))
                done.add(key)

        for key in graph:
            visit(key, ())
        return findings

    def open(self) -> None:
        """Makes it ready to resolve; nothing is made yet."""
        self._running = _dishka(self._bindings.values())

    async def close(self) -> None:
        """Ends every instance that lives as long as the application."""
        running, self._running = self._running, None
        if running is not None:
            await running.close()

    async def get[T](self, wanted: type[T]) -> T:
        """Resolves something that lives as long as the application."""
        return await self._opened.get(wanted)

    def open_scope(self) -> AbstractAsyncContextManager[Resolver]:
        """Returns the scope of one message, not yet open."""
        return self._opened()

    @property
    def _opened(self) -> Scoped:
        if self._running is None:
            raise RuntimeError("the application is not running: dependencies are resolved after its start")
        return self._running


def _unbound(need: Need) -> Finding:
    return Finding(
        f"{need.by} asks for {title_of(need.wanted)}, which nothing provides",
        remedy="provide it in a module (providers=...), or enable a plugin that does.",
    )


def _dishka(bindings: Iterable[Binding]) -> Scoped:
    from dishka import Provider, Scope, make_async_container  # half of the import cost of the whole library

    scopes = {ScopeEnum.APPLICATION: Scope.APP, ScopeEnum.MESSAGE: Scope.REQUEST}
    provider = Provider()
    for binding in bindings:
        factory, scope = narrowed(binding.factory), scopes[binding.scope]
        provider.provide(factory, scope=scope, provides=cast("object", binding.interface))
    return cast("Scoped", make_async_container(provider, skip_validation=True))
