import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from fastapi_chassis.domain import id_after, identity, new_id


def many(count: int) -> list[UUID]:
    return [new_id() for _ in range(count)]


def test_it_is_a_uuid_of_version_seven() -> None:
    made = new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made == UUID(str(made))


def test_it_tells_the_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after + 1


def test_each_is_greater_than_the_one_before() -> None:
    made = many(20_000)
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_the_order_holds_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns()
    before = new_id()
    monkeypatch.setattr(identity.time, "time_ns", lambda: now - 3_600 * 10**9)
    after = many(3)
    assert [before, *after] == sorted([before, *after])


def test_threads_never_make_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(many, [2_000] * 8))
    assert len({one for batch in batches for one in batch}) == 16_000
    assert all(batch == sorted(batch) for batch in batches)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no processes")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_processes_never_make_the_same() -> None:
    new_id()
    with multiprocessing.get_context("fork").Pool(4) as pool:
        batches = pool.map(many, [1_000] * 4, chunksize=1)
    assert len({one for batch in [*batches, many(1_000)] for one in batch}) == 5_000


def test_the_random_part_is_not_guessed_from_the_one_before() -> None:
    tails = {one.int & (2**62 - 1) for one in many(1_000)}
    assert len(tails) == 1_000


def test_one_after_another_is_the_least_later_one_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = UUID(int=(new_id().int >> 80 << 80) | (7 << 76) | (0xFFF << 64) | (0b10 << 62))
    for earlier in (new_id(), full):
        monkeypatch.setattr(identity.time, "time_ns", lambda: 0)
        later = id_after(earlier)
        assert (later.version, later.variant) == (7, RFC_4122)
        assert earlier < later
        assert (later.int >> 80) - (earlier.int >> 80) == (earlier is full)
