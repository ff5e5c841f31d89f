"""Progress: how far a partition is settled, without a gap."""

from collections import OrderedDict


class Progress:
    """The offsets of one partition that were taken, and which of them are settled."""

    def __init__(self) -> None:
        self._taken: OrderedDict[int, bool] = OrderedDict()
        self._next: int | None = None
        self._told: int | None = None

    def take(self, offset: int) -> None:
        """Notes that a record was taken."""
        self._taken[offset] = False

    def settle(self, offset: int) -> None:
        """Notes that a record is settled."""
        if offset in self._taken:
            self._taken[offset] = True
            while self._taken and self._taken[next(iter(self._taken))]:
                first, _ = self._taken.popitem(last=False)
                self._next = first + 1

    @property
    def to_tell(self) -> int | None:
        """Where to begin after a crash, never behind one that is not settled; None if that is told."""
        return self._next if self._next != self._told else None

    def tell(self, offset: int) -> None:
        """Notes that the broker knows."""
        self._told = offset
