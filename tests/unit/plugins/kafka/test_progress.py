import pytest

from fastapi_chassis.plugins.kafka.progress import Progress

pytestmark = pytest.mark.requirement("MISTAKE-5")


def progress(*taken: int) -> Progress:
    made = Progress()
    for offset in taken:
        made.take(offset)
    return made


def test_it_never_passes_what_is_not_settled() -> None:
    made = progress(3, 4, 5)
    made.settle(4)
    made.settle(5)
    assert made.to_tell is None
    made.settle(3)
    assert made.to_tell == 6


def test_what_was_told_is_not_told_again() -> None:
    made = progress(0, 1)
    made.settle(0)
    made.tell(1)
    assert made.to_tell is None
    made.settle(1)
    assert made.to_tell == 2


def test_gaps_between_offsets_are_none_of_its_business() -> None:
    made = progress(1, 5, 9)
    for offset in (9, 1, 5):
        made.settle(offset)
    assert made.to_tell == 10


def test_what_was_never_taken_is_not_settled() -> None:
    made = progress(1)
    made.settle(7)
    assert made.to_tell is None
