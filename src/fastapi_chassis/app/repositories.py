"""Repositories: finds every repository that somebody asks for and lets the store of its module fill it."""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast, get_origin

from fastapi_chassis.app.container import Container, Need, title_of
from fastapi_chassis.app.factories import readable_needs
from fastapi_chassis.app.module import ServiceModule
from fastapi_chassis.app.stores import StorePlace, Stores
from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, Command, Handler, entity_of
from fastapi_chassis.config import Binding, ScopeEnum
from fastapi_chassis.domain import ChassisError, Finding

type Claims = dict[type, dict[str, StorePlace]]
type Filled = Callable[[AbstractUnitOfWork], AbstractRepository[object, object]]


def is_repository(wanted: object) -> bool:
    """Whether a type is a repository that a store must fill: its primitives are still open."""
    plain = get_origin(wanted) or wanted
    return (
        isinstance(plain, type)
        and issubclass(plain, AbstractRepository)
        and bool(getattr(plain, "__abstractmethods__", None))
    )


class Ownership:
    """Which store holds an entity: that of the module that lists it, else of those that ask for it.

    Args:
        default: holds what nobody claims.
    """

    def __init__(self, default: StorePlace) -> None:
        self._default = default
        self._listed: Claims = {}
        self._asked: Claims = {}

    def read(
        self, modules: Iterable[ServiceModule], handlers: Sequence[Handler], stores: Stores
    ) -> list[Finding]:
        """Reads who lists what and who asks for what.

        Returns:
            A finding for each entity that would lie in two stores, and for each command that could write
            nothing.
        """
        for module in modules:
            place = stores.of(module)
            for entity in (*map(entity_of, module.repositories), *module.tables):
                self._note(self._listed, entity, place)
            for binding in module.providers or ():
                self._ask(readable_needs(binding.factory), place)
        for handler in handlers:
            self._ask(handler.dependencies.values(), stores.behind(handler.unit_of_work))
        commands = [one for one in handlers if issubclass(one.message, Command)]
        unable = [self._unable(one, stores.behind(one.unit_of_work)) for one in commands]
        return [*self._contested(), *(finding for finding in unable if finding)]

    def of(self, entity: type | None) -> StorePlace:
        """Returns the store of an entity."""
        claims = self._claims(entity)
        return next(iter(claims.values()), self._default)

    def _contested(self) -> list[Finding]:
        contested = {
            entity: claims
            for entity in {*self._listed, *self._asked}
            if len(claims := self._claims(entity)) > 1
        }
        return [
            Finding(
                f"{entity.__qualname__} would lie in several stores: {', '.join(sorted(claims))}",
                remedy="list its repository in one module: repositories=(...).",
            )
            for entity, claims in sorted(contested.items(), key=lambda one: one[0].__qualname__)
        ]

    def _unable(self, handler: Handler, place: StorePlace) -> Finding | None:
        """Finds a command whose repositories all lie in other stores."""
        asked = {one: self.of(entity_of(one)) for one in handler.dependencies.values() if is_repository(one)}
        if not asked or place in asked.values():
            return None
        shown = ", ".join(f"{title_of(one)} ({at.name})" for one, at in asked.items())
        return Finding(
            f"{handler.name} writes to {place.name}, the store of its module, and asks for {shown} only",
            remedy="move it to the module whose repository it writes to.",
        )

    def _ask(self, needs: Iterable[object], place: StorePlace) -> None:
        for wanted in needs:
            if is_repository(wanted):
                self._note(self._asked, entity_of(wanted), place)

    @staticmethod
    def _note(claims: Claims, entity: type | None, place: StorePlace) -> None:
        if entity is not None:
            claims.setdefault(entity, {})[place.name] = place

    def _claims(self, entity: type | None) -> Mapping[str, StorePlace]:
        if entity is None:
            return {}
        return self._listed.get(entity) or self._asked.get(entity, {})


def repository_bindings(
    wanted: Iterable[object], ownership: Ownership, tables: Mapping[type, object], *, secret: bytes
) -> tuple[list[Binding], list[Finding]]:
    """Binds every repository among the wanted types to one that its store fills.

    Args:
        wanted: what handlers, routes and modules ask for.
        ownership: says which store fills them.
        tables: where entities lie, for stores that have a schema.
        secret: the service's; cursors are signed with a key made of it.
    """
    cursor_key = hmac.digest(secret, b"fastapi-chassis cursor", "sha256")
    bindings: list[Binding] = []
    findings: list[Finding] = []
    for repository in dict.fromkeys(one for one in wanted if is_repository(one)):
        try:
            entity = entity_of(repository)
            place = ownership.of(entity)
            filled = place.store.repository(cast("type", repository), tables.get(entity) if entity else None)
        except ChassisError as fault:
            findings += fault.findings
        else:
            factory = _factory(filled, cursor_key, place.unit_of_work)
            origin = f"store {place.name}"
            bindings.append(Binding(cast("type[object]", repository), factory, ScopeEnum.MESSAGE, origin))
    return bindings, findings


def bind_repositories(
    container: Container,
    modules: Iterable[ServiceModule],
    needs: Iterable[Need],
    ownership: Ownership,
    secret: bytes,
) -> list[Finding]:
    """Has stores fill every repository that somebody asks for, and nobody bound himself.

    Returns:
        A finding for each that its store can't fill.
    """
    listed = [repository for module in modules for repository in module.repositories]
    asked = [need.wanted for need in (*needs, *container.needs())]
    open_ones = [one for one in (*listed, *asked) if not container.provides(one)]
    tables = {entity: table for module in modules for entity, table in module.tables.items()}
    bindings, findings = repository_bindings(open_ones, ownership, tables, secret=secret)
    container.bind_all(bindings)
    return findings


def _factory(
    filled: Filled, cursor_key: bytes, unit_of_work: type[AbstractUnitOfWork]
) -> Callable[..., object]:
    def repository(unit_of_work: AbstractUnitOfWork) -> AbstractRepository[object, object]:
        made = filled(unit_of_work)
        made.cursor_key = cursor_key
        return made

    # the container reads from here in which store's transaction it takes part
    repository.__annotations__ = {"unit_of_work": unit_of_work, "return": AbstractRepository}
    return repository
