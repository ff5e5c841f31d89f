"""A task is still the function that it was, and knows how its arguments travel."""

import inspect
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from fastapi_chassis.domain import ValidationException, WiringError, new_id
from fastapi_chassis.resilience import Retry
from fastapi_chassis.tasks import Task, TaskRequest, task


class Size(BaseModel):
    width: int


class Photos:
    """Stands for something that is injected."""


@task()
async def resize(
    photo_id: UUID, size: Size, on: date, photos: Photos | None = None, by: Decimal = Decimal(1)
) -> int:
    """Resizes a photo."""
    return size.width


@task(name="reports.write", retry=Retry(attempts=5), timeout=30)
def write(number: Annotated[int, Field(gt=0)]) -> int:
    return number


async def test_it_is_still_the_function() -> None:
    assert await resize(new_id(), Size(width=7), date(2026, 1, 1)) == 7
    assert write(3) == 3
    assert (resize.__name__, resize.__doc__) == ("resize", "Resizes a photo.")
    assert next(iter(inspect.signature(resize).parameters)) == "photo_id"


def test_it_says_how_it_is_to_be_run() -> None:
    assert (write.name, write.retry.attempts, write.timeout) == ("reports.write", 5, 30)
    assert isinstance(resize, Task)
    assert resize.name == f"{__name__}.resize"


def test_arguments_arrive_as_the_annotations_say() -> None:
    arguments = {"photo_id": new_id(), "size": Size(width=7), "on": date(2026, 1, 1), "by": Decimal("1.10")}
    request = resize.request(**arguments)
    assert request.name == resize.name
    assert resize.arguments_of(request) == arguments


def test_each_request_is_another() -> None:
    assert write.request(number=1).id != write.request(number=1).id


def test_an_unknown_parameter_is_refused_where_the_request_is_made() -> None:
    with pytest.raises(WiringError, match="no parameter nmber"):
        write.request(nmber=1)


@pytest.mark.parametrize(
    "payload", [b'{"number": 0}', b'{"number": "x"}', b'{"nmber": 1}', b"[]", b"7", b"no json", b"", b"\xff"]
)
def test_arguments_that_do_not_fit_are_refused(payload: bytes) -> None:
    with pytest.raises(ValidationException, match="arguments of reports"):
        write.arguments_of(TaskRequest(name="reports.write", payload=payload))
