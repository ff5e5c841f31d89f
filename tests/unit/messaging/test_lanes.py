import asyncio

from fastapi_chassis.messaging.lanes import Copy, Lanes
from tests.unit.messaging.shop import created


def copy(key: str) -> Copy:
    return Copy(created(key=key), asyncio.get_running_loop().create_future())


def given(lanes: Lanes, room: int = 100, refuse: str = "") -> list[Copy]:
    taken: list[Copy] = []

    def take(one: Copy) -> bool:
        if one.envelope.key == refuse:
            return False
        taken.append(one)
        return True

    lanes.give(take, lambda: len(taken) < room)
    return taken


async def test_the_next_of_a_key_is_given_when_the_first_is_done() -> None:
    lanes = Lanes()
    a1, a2, b1 = copy("a"), copy("a"), copy("b")
    for one in (a1, a2, b1):
        lanes.put(one)
    assert given(lanes) == [a1, b1]
    assert given(lanes) == []
    lanes.done(a1)
    assert a1.settled.done()
    assert given(lanes) == [a2]
    lanes.done(a2)
    lanes.done(b1)
    assert given(lanes) == []
    lanes.put(again := copy("a"))
    assert given(lanes) == [again]


async def test_what_waits_for_another_attempt_holds_up_its_key() -> None:
    lanes = Lanes()
    first, second = copy("a"), copy("a")
    lanes.put(first)
    lanes.put(second)
    assert given(lanes) == [first]
    assert given(lanes) == []
    lanes.again(first)
    assert given(lanes) == [first]


async def test_what_is_refused_or_finds_no_room_keeps_its_place() -> None:
    lanes = Lanes()
    copies = [copy(key) for key in "abcd"]
    for one in copies:
        lanes.put(one)
    assert given(lanes, room=1, refuse="a") == [copies[1]]
    assert given(lanes, room=0) == []
    assert given(lanes) == [copies[0], copies[2], copies[3]]


async def test_what_its_sender_took_back_is_passed_over() -> None:
    lanes = Lanes()
    copies = [copy("a") for _ in range(4)]
    for one in copies:
        lanes.put(one)
    copies[0].settled.cancel()
    copies[2].settled.cancel()
    assert given(lanes) == [copies[1]]
    copies[1].settled.cancel()
    lanes.done(copies[1])
    assert given(lanes) == [copies[3]]
    copies[3].settled.cancel()
    lanes.again(copies[3])
    assert given(lanes) == []
    lanes.put(fresh := copy("a"))
    assert given(lanes) == [fresh]
