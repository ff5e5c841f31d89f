"""PartitionLeases: the port by which relays share the outbox; each partition has one owner, and a fence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final, Protocol
from zlib import crc32

PARTITIONS: Final = 64


def partition_of(key: str) -> int:
    """Returns the partition of a key; the same for every process and release."""
    return crc32(key.encode("utf-8", "replace")) % PARTITIONS


@dataclass(frozen=True, slots=True)
class Holding:
    """What one relay holds.

    Args:
        tokens: its partitions, each with its fence: it grows with every new owner, and settling with a stale
            one changes nothing.
        share: how many fall to each relay that is alive; who holds more shall give some back.
    """

    tokens: Mapping[int, int]
    share: int = PARTITIONS


@dataclass(frozen=True, slots=True)
class Lease:
    """One partition as the store knows it.

    Args:
        partition: which.
        owner: who has it; None if it was given back.
        token: the fence.
        is_ended: whether the owner has been silent for too long.
    """

    partition: int
    owner: str | None
    token: int
    is_ended: bool


class PartitionLeases(Protocol):
    """Lends partitions to relays, on the clock of the store."""

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        """Says that an owner is alive, renews what it has, and takes what is free up to its share."""
        ...

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        """Gives partitions back, so that nobody need wait for their end.

        Without a list it is all of them, and the owner counts as gone.
        """
        ...


def to_take(leases: Sequence[Lease], owner: str, relays: int) -> tuple[Holding, frozenset[int]]:
    """Shares out evenly: returns what an owner holds from now on, and which of that is new to it.

    What has ended and nobody took is still its owner's.

    Args:
        leases: all partitions.
        owner: who asks.
        relays: how many are alive, the owner included.
    """
    share = ceil(len(leases) / max(relays, 1))
    own = {one.partition: one.token for one in leases if one.owner == owner}
    free = [one for one in leases if one.owner is None or (one.is_ended and one.owner != owner)]
    taken = {one.partition: one.token + 1 for one in free[: max(share - len(own), 0)]}
    return Holding(own | taken, share), frozenset(taken)
