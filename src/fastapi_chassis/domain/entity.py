"""BaseEntity: something that keeps its identity while its content changes."""

from dataclasses import dataclass, field
from typing import dataclass_transform


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
@dataclass(kw_only=True, eq=False)
class BaseEntity[Key]:
    """Something with an identity; a class body of annotations is all that a subclass needs.

    Two entities are equal when they are of one class and have one `id`, whatever else they hold.

    Args:
        id: the identity.
    """

    id: Key

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False)(cls)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseEntity) and type(other) is type(self) and other.id == self.id

    def __hash__(self) -> int:
        return hash((type(self), self.id))
