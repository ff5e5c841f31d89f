"""Selection: a checked question, and which fields of the matches are wanted."""

from dataclasses import dataclass
from functools import cache

from fastapi_chassis.domain import Criterion, Order, shape_of


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked question, as a store receives it.

    Args:
        criteria: what must hold, all of it.
        orders: a total order.
        limit: how many at most; None for all.
        offset: how many to pass over.
        after: the order's values of the entry behind which to begin.
    """

    criteria: tuple[Criterion, ...] = ()
    orders: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    after: tuple[object, ...] | None = None


@cache
def projected(entity: type, into: type) -> tuple[str, ...]:
    """Returns the fields that a projection reads, in its order.

    Args:
        entity: what is stored.
        into: a dataclass that takes some of its fields.

    Raises:
        TypeError: a field that the entity does not have, or has as another type.
    """
    stored, wanted = shape_of(entity), shape_of(into)
    for name, field in wanted.items():
        if name not in stored:
            raise TypeError(f"{into.__qualname__}.{name}: {entity.__qualname__} has no such field")
        if stored[name].type is not field.type or (stored[name].optional and not field.optional):
            raise TypeError(
                f"{into.__qualname__}.{name} is {field.annotation}; "
                f"in {entity.__qualname__} it is {stored[name].annotation}"
            )
    return tuple(wanted)
