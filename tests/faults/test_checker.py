"""The checker sees each kind of mistake, and none where there is none."""

from uuid import UUID, uuid4

import pytest

from tests.faults.checker import Found, Place, count

ACCOUNT = uuid4()
FIRST, SECOND, THIRD = events = [uuid4() for _ in range(3)]
COMMITTED: dict[UUID, Place] = {event: (ACCOUNT, number) for number, event in enumerate(events, 1)}


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
        (Found(COMMITTED, effects(*events), waiting=1), "stuck"),
        (Found(COMMITTED, effects(*events), unsettled=1), "stuck"),
    ],
)
def test_each_mistake_is_counted_as_what_it_is(found: Found, what: str) -> None:
    counts = count(found)
    mistakes = {
        name: number
        for name in ("lost", "ghosts", "false_answers", "duplicated", "inversions", "stuck")
        if (number := getattr(counts, name))
    }
    assert mistakes == {what: 1}
    assert not counts.is_clean


def test_a_second_effect_is_no_inversion() -> None:
    assert count(Found(COMMITTED, effects(FIRST, SECOND, THIRD, FIRST))).inversions == 0
