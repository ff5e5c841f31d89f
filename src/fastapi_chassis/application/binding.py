"""Binding: which entity a repository holds, and the class that joins its questions with a store."""

from collections.abc import Callable, Iterable
from typing import cast, get_args, get_origin

from fastapi_chassis.application.record_keeping import is_soft
from fastapi_chassis.domain import Finding, WiringError, shape_of


def entity_of(repository: object) -> type | None:
    """Reads `Item` from `AbstractRepository[Item, UUID]`, or from a class that derives from it."""
    for alias in (repository, *getattr(repository, "__orig_bases__", ())):
        arguments = get_args(alias)
        if arguments and isinstance(arguments[0], type):
            return arguments[0]
    return getattr(repository, "entity", None)


def bind_repository[R](repository: Callable[..., R], store: type) -> Callable[..., R]:
    """Joins the questions of a feature's repository with the primitives of a store.

    Args:
        repository: a class that derives from AbstractRepository, or `AbstractRepository[Item, UUID]`.
        store: the store's class, which fills the primitives.

    Raises:
        WiringError: the repository does not say what it holds, names fields that its entity lacks, or marks
            removals without counting versions.
    """
    entity = entity_of(repository)
    if entity is None:
        raise WiringError(
            Finding(
                f"{repository!r} does not say what it holds", remedy="write AbstractRepository[Item, UUID]."
            )
        )
    if is_soft(entity) and "version" not in shape_of(entity):
        raise WiringError(
            Finding(
                f"{entity.__qualname__} is SoftDeletable and has no version, so that an update could undo "
                "a removal that it has not seen",
                remedy="derive it from BaseAggregate.",
            )
        )
    _check_names(repository, entity)
    own = () if get_origin(repository) else (cast("type", repository),)
    name = own[0].__name__ if own else f"{entity.__name__}Repository"
    members = {"entity": entity, "__module__": getattr(repository, "__module__", __name__)}
    return cast("Callable[..., R]", type(name, (*own, store), members))


def _check_names(repository: object, entity: type) -> None:
    identity: str = getattr(repository, "identity", "id")
    groups: Iterable[Iterable[str]] = getattr(repository, "unique", ())
    named = {"identity": [identity], "unique": [name for group in groups for name in group]}
    shape = shape_of(entity)
    findings = [
        Finding(
            f"{entity.__qualname__} has no field {name}",
            where=getattr(repository, "__qualname__", entity.__qualname__),
            remedy=f"correct `{setting}`; the fields are {', '.join(shape)}.",
        )
        for setting, names in named.items()
        for name in dict.fromkeys(names)
        if name not in shape
    ]
    if findings:
        raise WiringError(*findings)
