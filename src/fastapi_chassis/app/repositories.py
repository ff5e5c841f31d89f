"""Repositories: finds every repository that somebody asks for and lets a store fill it."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import cast, get_origin

from fastapi_chassis.app.store import Store
from fastapi_chassis.application import AbstractRepository, AbstractUnitOfWork, entity_of
from fastapi_chassis.config import Binding, ScopeEnum
from fastapi_chassis.domain import ChassisError, Finding


def is_repository(wanted: object) -> bool:
    """Whether a type is a repository that a store must fill: its primitives are still open."""
    plain = get_origin(wanted) or wanted
    return (
        isinstance(plain, type)
        and issubclass(plain, AbstractRepository)
        and bool(getattr(plain, "__abstractmethods__", None))
    )


def repository_bindings(
    wanted: Iterable[object], store: Store, tables: Mapping[type, object], *, secret: bytes
) -> tuple[list[Binding], list[Finding]]:
    """Binds every repository among the wanted types to one that the store fills.

    Args:
        wanted: what handlers, routes and modules ask for.
        store: what fills them.
        tables: where entities lie, for stores that have a schema.
        secret: the service's; cursors are signed with a key made of it.
    """
    cursor_key = hmac.digest(secret, b"fastapi-chassis cursor", "sha256")
    bindings: list[Binding] = []
    findings: list[Finding] = []
    for repository in dict.fromkeys(one for one in wanted if is_repository(one)):
        try:
            entity = entity_of(repository)
            filled = store.repository(cast("type", repository), tables.get(entity) if entity else None)
        except ChassisError as fault:
            findings += fault.findings
        else:
            factory = _factory(filled, cursor_key)
            bindings.append(Binding(cast("type[object]", repository), factory, ScopeEnum.MESSAGE, "store"))
    return bindings, findings


def _factory(
    filled: Callable[[AbstractUnitOfWork], AbstractRepository[object, object]], cursor_key: bytes
) -> Callable[..., object]:
    def repository(unit_of_work: AbstractUnitOfWork) -> AbstractRepository[object, object]:
        made = filled(unit_of_work)
        made.cursor_key = cursor_key
        return made

    return repository
