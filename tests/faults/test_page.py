"""The page of the docs shows what was counted, and nothing of runs that are void."""

import json

from tests.faults.checker import Counts
from tests.faults.page import page_of
from tests.faults.trials import MIXED, Result


def result(name: str = "R4", *, hits: int = 3, lost: int = 0, transport: str = "nats") -> Result:
    counts = Counts(900, lost, 0, 0, 0, 0, 0, 7)
    return Result(transport, name, 1, {"R4": hits}, {"R4": 3}, counts, (), 10.0, 200.0)


def test_each_run_is_a_line_with_its_counts() -> None:
    page = page_of([result(), result(MIXED)])
    title = "relay: kill -9 between confirm and mark"
    assert f"| {title} | nats | ? | 3 | 900 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 7 |" in page
    assert "| nats | ? | 1 | 200 offered | 3 | 900 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 7 |" in page
    assert "less than 1 in 600" in page


def test_a_mistake_stands_there_and_nothing_is_concluded() -> None:
    page = page_of([result(lost=2)])
    assert "| nats | ? | 3 | 900 | 2 |" in page
    assert "less than 1 in" not in page


def test_a_void_run_is_left_out() -> None:
    assert "| nats |" not in page_of([result(hits=1)])


def test_a_result_travels_through_a_file() -> None:
    assert Result.of_json(result().as_json()) == result()


def test_a_line_from_before_anything_was_scheduled_can_be_read() -> None:
    read = json.loads(result().as_json())
    del read["counts"]["early"]
    assert Result.of_json(json.dumps(read)) == result()
