"""ValueObject: a frozen value that is equal to another by its content."""

from dataclasses import dataclass, field, fields
from typing import Self, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class ValueObject:
    """A frozen, keyword-only value; a class body of annotations is all that a subclass needs."""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        dataclass(frozen=True, kw_only=True)(cls)

    def replace(self, **changes: object) -> Self:
        """Returns a copy with some values changed; the copy runs `__post_init__` again."""
        values = {spec.name: getattr(self, spec.name) for spec in fields(self) if spec.init}  # type: ignore[arg-type]  # every subclass is a dataclass
        return type(self)(**(values | changes))
