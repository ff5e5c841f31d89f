"""What the type checkers see of a route's parameters."""

from typing import assert_type
from uuid import UUID

from fastapi_chassis.api import ExpectedVersion, Inject, PageParams, PageRequest
from fastapi_chassis.application import AbstractRepository, Command, Mediator, Principal
from fastapi_chassis.domain import BaseAggregate
from fastapi_chassis.security import CurrentPrincipal


class Item(BaseAggregate):
    title: str


class CreateItem(Command[UUID], public=True):
    title: str


async def route(
    command: CreateItem,
    mediator: Inject[Mediator],
    items: Inject[AbstractRepository[Item, UUID]],
    page: PageParams,
    expected: ExpectedVersion,
    caller: CurrentPrincipal,
) -> None:
    assert_type(mediator, Mediator)
    assert_type(await mediator.send(command), UUID)
    assert_type(await items.get(UUID(int=1)), Item)
    assert_type(page, PageRequest)
    assert_type(expected, int | None)
    assert_type(caller, Principal)
