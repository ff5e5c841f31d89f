"""The lists of items that are kept, and how they are forgotten."""

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.caching import ReadThroughCache

LISTS = "items"  # the tag of every list that is kept


class ItemLists:
    """Lists that are out of date as soon as an item changes.

    Args:
        kept: where they are.
        unit_of_work: the transaction that changes an item.
    """

    def __init__(self, kept: ReadThroughCache, unit_of_work: AbstractUnitOfWork) -> None:
        self._kept = kept
        self._unit_of_work = unit_of_work

    def forget_after_commit(self) -> None:
        """Forgets them once the change is committed."""
        self._kept.invalidate_after_commit(self._unit_of_work, tags=(LISTS,))
