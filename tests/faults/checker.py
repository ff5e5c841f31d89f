"""The checker: counts what must not be, from the truth, the effects and the ledgers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

type Place = tuple[UUID, int]  # an account, and the number of a posting within it


@dataclass(frozen=True, slots=True)
class Found:
    """What a run left behind.

    Args:
        committed: the postings that stand, by the id of their event.
        effects: event, account and number of each, in the order in which they were written.
        acknowledged: the events of the commands that were answered with success.
        deliveries: how many messages the consumers were given, those given again included.
        waiting: rows of the outbox.
        unsettled: messages in the broker that nobody has acknowledged.
    """

    committed: Mapping[UUID, Place]
    effects: Sequence[tuple[UUID, UUID, int]]
    acknowledged: Iterable[UUID] = ()
    deliveries: int = 0
    waiting: int = 0
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The verdict; all but the first and the last must be nothing.

    Args:
        events: committed.
        lost: committed, and without effect.
        ghosts: effects of what was never committed.
        false_answers: acknowledged to the caller, and not committed.
        duplicated: effects beyond the first of each event.
        inversions: first effects that came after the effect of a later posting of their account.
        stuck: what waits in the outbox or in the broker at the end.
        again: deliveries beyond the first of each message: they show that the faults were felt.
    """

    events: int
    lost: int
    ghosts: int
    false_answers: int
    duplicated: int
    inversions: int
    stuck: int
    again: int

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        faults = (self.lost, self.ghosts, self.false_answers, self.duplicated, self.inversions, self.stuck)
        return not any(faults)


def count(found: Found) -> Counts:
    """Compares what happened with what should have."""
    times = Counter(event for event, _, _ in found.effects)
    return Counts(
        events=len(found.committed),
        lost=len(found.committed.keys() - times.keys()),
        ghosts=len(
            {
                event
                for event, account, number in found.effects
                if found.committed.get(event) != (account, number)
            }
        ),
        false_answers=len(set(found.acknowledged) - found.committed.keys()),
        duplicated=sum(times.values()) - len(times),
        inversions=_inversions(found.effects),
        stuck=found.waiting + found.unsettled,
        again=max(0, found.deliveries - len(times)),
    )


def _inversions(effects: Sequence[tuple[UUID, UUID, int]]) -> int:
    highest: dict[UUID, int] = {}
    seen: set[Place] = set()
    inversions = 0
    for _, account, number in effects:
        if (account, number) in seen:
            continue  # a second effect is counted as such
        seen.add((account, number))
        inversions += number < highest.get(account, 0)
        highest[account] = max(number, highest.get(account, 0))
    return inversions
