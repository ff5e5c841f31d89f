import asyncio

import pytest

from fastapi_chassis.testing import eventually


async def test_it_asks_until_the_answer_is_true_and_returns_it() -> None:
    answers = [None, 0, [], ["found"]]
    assert await eventually(lambda: answers.pop(0)) == ["found"]
    assert answers == []


async def test_a_condition_may_be_async() -> None:
    sent: list[int] = []

    async def two_sent() -> list[int]:
        return sent if len(sent) == 2 else []

    waiting = asyncio.create_task(eventually(two_sent))
    for number in range(2):
        await asyncio.sleep(0.01)
        assert not waiting.done()
        sent.append(number)
    assert await waiting == [0, 1]


async def test_what_holds_already_takes_no_time() -> None:
    assert await eventually(lambda: True, within=0.0001)


async def test_it_says_what_was_asked_and_the_last_answer() -> None:
    def nothing_waits() -> int:
        return 0

    with pytest.raises(AssertionError, match=r"waited 0\.02 s for .*nothing_waits; the last answer was 0"):
        await eventually(nothing_waits, within=0.02)


async def test_an_answer_that_never_comes_ends_with_the_time() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="forever; the last answer was None"):
        await eventually(forever, within=0.02)


@pytest.mark.parametrize("fault", [RuntimeError("broken"), TimeoutError("of the server")])
async def test_an_exception_of_the_condition_ends_the_wait(fault: Exception) -> None:
    async def breaks() -> bool:
        raise fault

    with pytest.raises(type(fault), match=str(fault)):
        await eventually(breaks)


async def test_a_cancellation_stays_one() -> None:
    waiting = asyncio.create_task(eventually(lambda: False))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
