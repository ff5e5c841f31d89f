import asyncio
import logging

import pytest

from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.messaging import PublishFailed, bury_until_kept

pytestmark = pytest.mark.requirement("MSG-6")


class Grave:
    """A place for dead letters that refuses with one fault after the other, and then keeps."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.kept = list(faults), 0

    async def bury(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.kept += 1


async def test_it_is_tried_until_it_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    refused = (UnavailableException("away"), PublishFailed({0: "full"}), ChassisError(Finding("a", "b", "c")))
    grave = Grave(*refused)
    async with asyncio.timeout(30):
        await bury_until_kept(grave.bury, "shop", may_wait=lambda: True)
    assert grave.kept == 1
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 3
    assert told[0] == "a dead letter of shop waits: away"


async def test_it_gives_up_when_another_attempt_makes_no_sense() -> None:
    grave = Grave(UnavailableException("first"), UnavailableException("second"))
    with pytest.raises(UnavailableException, match="second"):
        await bury_until_kept(grave.bury, "shop", may_wait=lambda: len(grave.faults) == 1)
    assert grave.kept == 0


async def test_even_then_it_is_tried_once() -> None:
    grave = Grave()
    await bury_until_kept(grave.bury, "shop", may_wait=lambda: False)
    assert grave.kept == 1


async def test_a_fault_of_another_kind_is_told_at_once() -> None:
    grave = Grave(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await bury_until_kept(grave.bury, "shop", may_wait=lambda: True)
