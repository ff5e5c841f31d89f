import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import Seats

pytestmark = pytest.mark.requirement("MSG-6")


class Guest:
    """A member that joins where it may, and can be lost."""

    def __init__(self, group: str, *faults: Exception) -> None:
        self.group, self.is_joined, self.faults = group, False, list(faults)

    async def join(self) -> None:
        self._fail()
        self.is_joined = True

    async def stop(self) -> None:
        self.is_joined = False
        self._fail()

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


async def test_it_tells_who_is_lost_and_not_who_has_left() -> None:
    seats, ann, bob = Seats(), Guest("ann"), Guest("bob")
    seat = await seats.join(ann)
    await seats.join(bob)
    assert (ann.is_joined, bob.is_joined, seats.absent) == (True, True, ())
    ann.is_joined = False
    assert seats.absent == ("ann",)
    await seat.stop()
    assert not seats.absent


async def test_who_could_not_join_has_no_seat() -> None:
    seats = Seats()
    with pytest.raises(UnavailableException):
        await seats.join(Guest("ann", UnavailableException("away")))
    assert not seats.absent


async def test_who_failed_to_leave_well_has_left_all_the_same() -> None:
    seats, ann = Seats(), Guest("ann")
    seat = await seats.join(ann)
    ann.faults.append(TimeoutError())
    with pytest.raises(TimeoutError):
        await seat.stop()
    assert not seats.absent


async def test_cleared_all_have_left() -> None:
    seats, guests = Seats(), [Guest("ann"), Guest("bob")]
    for guest in guests:
        await seats.join(guest)
    await seats.clear()
    assert not any(guest.is_joined for guest in guests)
    assert not seats.absent
