"""The checker: counts what must not be, from the truth, the effects and the ledgers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tests.faults.model import is_poison

type Place = tuple[UUID, int]  # an account, and the number of a posting within it; 0 of a reminder


@dataclass(frozen=True, slots=True)
class Found:
    """What a run left behind.

    Args:
        committed: the postings that stand, by the id of their event, and the reminders, by their own.
        effects: event, account and number of each, in the order in which they were written.
        dead: the events of the dead letters of the group, in the order in which they would be replayed.
        due: when the reminders were to have their effect, at the earliest.
        times: when they had it first.
        acknowledged: the events of the commands that were answered with success.
        deliveries: how many messages the consumers were given, those given again included.
        waiting: rows of the outbox.
        unsettled: messages in the broker that nobody has acknowledged.
    """

    committed: Mapping[UUID, Place]
    effects: Sequence[tuple[UUID, UUID, int]]
    dead: Sequence[UUID] = ()
    due: Mapping[UUID, datetime] = field(default_factory=dict)
    times: Mapping[UUID, datetime] = field(default_factory=dict)
    acknowledged: Iterable[UUID] = ()
    deliveries: int = 0
    waiting: int = 0
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The verdict; all but `events` and `again` must be nothing.

    Args:
        events: committed.
        lost: committed, and without effect; or poison, and without dead letter.
        ghosts: effects of what was never committed or is poison; dead letters of what is none.
        false_answers: acknowledged to the caller, and not committed.
        duplicated: effects, or dead letters, beyond the first of each event.
        inversions: first effects that came after the effect of a later posting of their account; dead
            letters behind that of a later posting.
        stuck: what waits among the schedules, in the outbox or in the broker at the end.
        again: deliveries beyond the first of each message: they show that the faults were felt.
        early: effects of reminders before their time.
    """

    events: int
    lost: int
    ghosts: int
    false_answers: int
    duplicated: int
    inversions: int
    stuck: int
    again: int
    early: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        faults = (self.lost, self.ghosts, self.false_answers, self.duplicated, self.inversions, self.stuck)
        return not any((*faults, self.early))


def count(found: Found) -> Counts:
    """Compares what happened with what should have."""
    times, dead = Counter(event for event, _, _ in found.effects), Counter(found.dead)
    poison = {event for event, (_, number) in found.committed.items() if is_poison(number)}
    false = {event for event, *place in found.effects if found.committed.get(event) != tuple(place)}
    settled = (times.keys() - poison) | (dead.keys() & poison)
    return Counts(
        events=len(found.committed),
        lost=len(found.committed.keys() - settled),
        ghosts=len(false | (times.keys() & poison)) + len(dead.keys() - poison),
        false_answers=len(set(found.acknowledged) - found.committed.keys()),
        duplicated=times.total() - len(times) + dead.total() - len(dead),
        inversions=_inversions(found.effects) + _inversions(_places(found)),
        stuck=found.waiting + found.unsettled,
        again=max(0, found.deliveries - len(times.keys() | dead.keys())),
        early=sum(at < found.due[event] for event, at in found.times.items()),
    )


def _places(found: Found) -> list[tuple[UUID, UUID, int]]:
    return [(event, *found.committed[event]) for event in found.dead if event in found.committed]


def _inversions(effects: Sequence[tuple[UUID, UUID, int]]) -> int:
    highest: dict[UUID, int] = {}
    seen: set[Place] = set()
    inversions = 0
    for _, account, number in effects:
        if not number or (account, number) in seen:
            continue  # reminders have no order, and a second effect is counted as such
        seen.add((account, number))
        inversions += number < highest.get(account, 0)
        highest[account] = max(number, highest.get(account, 0))
    return inversions
