"""Change: what a transaction does to one row, and what to do when the row has moved meanwhile."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from fastapi_chassis.domain import AppException
from fastapi_chassis.plugins.redis.collection import Keys
from fastapi_chassis.plugins.redis.rows import Row

type Claims = Mapping[str, tuple[str, ...]]
"""Keys of unique values, and the fields of each."""

type Remake = Callable[["Change", Row | None], "Change | None"]
"""Makes a change to another state of its row, or None where nothing is to be done; or raises why not."""

type Taken = Callable[[tuple[str, ...]], AppException]
"""Makes the exception for a unique value that somebody else has."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction does to one row.

    Args:
        place: where it lies.
        member: its name there.
        stored: the row as it was read; None if it was not there.
        row: the row from now on; None if it is gone.
        claims: its unique values from now on.
        frees: the keys of those that it had.
        life: milliseconds until it ends; 0 for never, None for as before.
        remake: called when the row has moved.
        taken: called when a unique value has gone to somebody else.
    """

    place: Keys
    member: str
    stored: Row | None
    row: Row | None
    claims: Claims
    frees: Collection[str]
    life: int | None
    remake: Remake
    taken: Taken

    @property
    def is_nothing(self) -> bool:
        """Whether the row was not there and is not there."""
        return self.stored is None and self.row is None

    @property
    def verb(self) -> str:
        """What the server does."""
        if self.row is None:
            return "remove"
        return "touch" if self.stored == self.row else "write"
