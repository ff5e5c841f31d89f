"""RowMapper: entities from rows and rows from entities, without a detour."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from fastapi_chassis.domain import shape_of

VALUE = "v_"  # begins the name of each parameter that holds a field: plain names belong to SQLAlchemy


class RowMapper[Entity]:
    """Moves the fields of one entity class.

    Entities come back without `__init__`: what was stored was checked when it was made.

    Args:
        entity: the class.
    """

    def __init__(self, entity: type[Entity]) -> None:
        kind: type = entity
        self.names: tuple[str, ...] = tuple(shape_of(kind))
        self._entity = entity
        self._parameters = tuple(f"{VALUE}{name}" for name in self.names)
        read = attrgetter(*self.names)
        several = len(self.names) > 1
        self.read: Callable[[Entity], tuple[object, ...]] = (
            read if several else lambda entity: (read(entity),)
        )

    def entities(self, rows: Iterable[Sequence[object]]) -> list[Entity]:
        """Makes entities from rows whose columns stand in the order of the fields."""
        new, entity, names = object.__new__, self._entity, self.names
        found = []
        for row in rows:
            made = new(entity)
            made.__dict__ = dict(zip(names, row, strict=True))
            found.append(made)
        return found

    def parameters(self, entity: Entity) -> dict[str, object]:
        """Reads an entity's fields as parameters of a statement."""
        return dict(zip(self._parameters, self.read(entity), strict=True))
