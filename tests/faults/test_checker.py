"""The checker sees each kind of mistake, and none where there is none."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.faults.checker import Found, Place, count
from tests.faults.model import is_poison
from tests.faults.trials import COLUMNS

ACCOUNT = uuid4()
FIRST, SECOND, THIRD = events = [uuid4() for _ in range(3)]
COMMITTED: dict[UUID, Place] = {event: (ACCOUNT, number) for number, event in enumerate(events, 1)}
POISON, REMINDER, DUE = uuid4(), uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
LATER_POISON = uuid4()
(REFUSED, LATER_REFUSED, *_) = filter(is_poison, range(200))
WITH_POISON = {**COMMITTED, POISON: (ACCOUNT, REFUSED)}
TWICE_POISON = {**WITH_POISON, LATER_POISON: (ACCOUNT, LATER_REFUSED)}
REMINDED = {**COMMITTED, REMINDER: (ACCOUNT, 0)}


def effects(*seen: UUID) -> list[tuple[UUID, UUID, int]]:
    return [(event, *COMMITTED[event]) for event in seen]


def test_all_in_order_and_once_is_clean() -> None:
    counts = count(Found(COMMITTED, effects(*events), acknowledged=events, deliveries=5))
    assert counts.is_clean
    assert (counts.events, counts.again) == (3, 2)


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (Found(COMMITTED, effects(FIRST, THIRD)), "lost"),
        (Found(COMMITTED, [*effects(*events), (uuid4(), ACCOUNT, 4)]), "ghosts"),
        (Found(COMMITTED, [*effects(FIRST, SECOND), (THIRD, ACCOUNT, 4)]), "ghosts"),
        (Found(COMMITTED, effects(*events), acknowledged=[*events, uuid4()]), "false_answers"),
        (Found(COMMITTED, effects(FIRST, SECOND, FIRST, THIRD)), "duplicated"),
        (Found(COMMITTED, effects(SECOND, FIRST, THIRD)), "inversions"),
        (Found(WITH_POISON, effects(*events)), "lost"),
        (Found(WITH_POISON, [*effects(*events), (POISON, ACCOUNT, REFUSED)], dead=[POISON]), "ghosts"),
        (Found(COMMITTED, effects(*events), dead=[SECOND]), "ghosts"),
        (Found(WITH_POISON, effects(*events), dead=[POISON, POISON]), "duplicated"),
        (Found(TWICE_POISON, effects(*events), dead=[LATER_POISON, POISON]), "inversions"),
        (Found(REMINDED, effects(*events), due={REMINDER: DUE}), "lost"),
        (Found(REMINDED, [*effects(*events), *2 * [(REMINDER, ACCOUNT, 0)]]), "duplicated"),
        (
            Found(
                REMINDED,
                [*effects(*events), (REMINDER, ACCOUNT, 0)],
                due={REMINDER: DUE},
                times={REMINDER: DUE - timedelta(seconds=1)},
            ),
            "early",
        ),
        (Found(COMMITTED, effects(*events), waiting=1), "stuck"),
        (Found(COMMITTED, effects(*events), unsettled=1), "stuck"),
    ],
)
def test_each_mistake_is_counted_as_what_it_is(found: Found, what: str) -> None:
    counts = count(found)
    mistakes = {name: number for name in COLUMNS if (number := getattr(counts, name))}
    assert mistakes == {what: 1}
    assert not counts.is_clean


def test_poison_among_the_dead_letters_and_reminders_in_time_are_clean() -> None:
    found = Found(
        WITH_POISON | REMINDED,
        [*effects(*events), (REMINDER, ACCOUNT, 0)],
        dead=[POISON],
        due={REMINDER: DUE},
        times={REMINDER: DUE},
        deliveries=7,
    )
    counts = count(found)
    assert counts.is_clean
    assert (counts.events, counts.again) == (5, 2)


def test_a_second_effect_is_no_inversion() -> None:
    assert count(Found(COMMITTED, effects(FIRST, SECOND, THIRD, FIRST))).inversions == 0
