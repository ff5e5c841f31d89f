"""Record keeping: what a repository writes into entities by itself, and takes back if the write fails."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from fastapi_chassis.application.context import current_context
from fastapi_chassis.domain import (
    Audited,
    Clock,
    Criterion,
    Lookup,
    SoftDeletable,
    ValidationException,
    problem_with,
)

REMOVED_AT = "removed_at"
IS_THERE = Criterion(REMOVED_AT, Lookup.IS_NULL, value=True)
IS_REMOVED = Criterion(REMOVED_AT, Lookup.IS_NULL, value=False)


def is_soft(entity: type) -> bool:
    """Whether removing such an entity is a mark."""
    return issubclass(entity, SoftDeletable)


def stamps(entity: type, clock: Clock, *, first: bool = False) -> dict[str, object]:
    """Returns the audit fields of a write that happens now, or nothing for an entity that has none.

    Raises:
        ValidationException: the principal's subject is no text that a store can hold.
    """
    if not issubclass(entity, Audited):
        return {}
    principal = current_context().principal
    who = principal.subject if principal else None
    if who is not None and (problem := problem_with(str, who)):
        raise ValidationException(f"the subject of the caller: {problem}", errors={"updated_by": [problem]})
    now = clock.now()
    created: dict[str, object] = {"created_at": now, "created_by": who} if first else {}
    return created | {"updated_at": now, "updated_by": who}


def stamped(entities: Sequence[object], values: Mapping[str, object]) -> AbstractContextManager[None]:
    """Sets fields for the time of a write; they stay if it succeeds."""
    return _stamped(entities, values) if values else nullcontext()


@contextmanager
def _stamped(entities: Sequence[object], values: Mapping[str, object]) -> Iterator[None]:
    before = [{name: getattr(entity, name) for name in values} for entity in entities]
    for entity in entities:
        _set(entity, values)
    try:
        yield
    except BaseException:
        for entity, old in zip(entities, before, strict=True):
            _set(entity, old)
        raise


def _set(entity: object, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(entity, name, value)
