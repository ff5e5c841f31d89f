"""Audited and SoftDeletable: fields that the repository fills, mixed into an entity."""

from dataclasses import dataclass, field
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True, eq=False)
class Audited:
    """Mixed into an entity, says when and by whom it was stored: `class Item(Audited, BaseAggregate)`.

    The repository fills the fields with every write, from its clock and from the principal of the message.

    Args:
        created_at: when it was added.
        created_by: the subject of who added it; None where nobody was known.
        updated_at: when it was stored last.
        updated_by: the subject of who stored it last.
    """

    created_at: datetime = field(default_factory=_now)
    created_by: str | None = None
    updated_at: datetime = field(default_factory=_now)
    updated_by: str | None = None


@dataclass(kw_only=True, eq=False)
class SoftDeletable:
    """Mixed into an aggregate, makes `remove` a mark: `class Item(SoftDeletable, BaseAggregate)`.

    No read finds what was removed, unless its filters speak of `removed_at`. Its identity and its unique
    values stay taken, so that it can be restored at any time; `purge` removes it for good.

    Args:
        removed_at: when it was removed; None while it is there.
    """

    removed_at: datetime | None = None

    @property
    def is_removed(self) -> bool:
        """Whether it was removed."""
        return self.removed_at is not None
