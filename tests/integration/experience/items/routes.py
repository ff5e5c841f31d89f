"""The HTTP routes of the feature."""

from uuid import UUID

from fastapi import APIRouter

from fastapi_chassis.api import Inject
from fastapi_chassis.application import Mediator
from fastapi_chassis.security import Public
from tests.integration.experience.items.commands import CreateItem
from tests.integration.experience.items.queries import NewestOf
from tests.integration.experience.items.schemas import ItemResponse

router = APIRouter(prefix="/api/items", tags=["items"])


@router.post("/", status_code=201)
async def post_item(command: CreateItem, mediator: Inject[Mediator]) -> UUID:
    return await mediator.send(command)


@router.get("/of/{owner_id}", dependencies=[Public])
async def get_newest(owner_id: UUID, mediator: Inject[Mediator]) -> list[ItemResponse]:
    return [ItemResponse.of(item) for item in await mediator.send(NewestOf(owner_id=owner_id))]
