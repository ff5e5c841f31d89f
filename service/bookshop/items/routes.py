"""The HTTP routes of items."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response

from bookshop.callers import LoggedIn
from bookshop.items.commands import ChangeItem, CreateItem, RemoveItem
from bookshop.items.queries import GetItem, ListItems, NewestItems
from bookshop.items.schemas import ItemBody, ItemFilters, ItemPage, ItemResponse
from fastapi_chassis.api import ExpectedVersion, Inject, PageParams, problem_responses, set_etag, strict_query
from fastapi_chassis.application import Mediator
from fastapi_chassis.security import requires

router = APIRouter(
    prefix="/items",
    tags=["items"],
    dependencies=[LoggedIn, Depends(strict_query)],
    responses=problem_responses(422),
)

_READ, _WRITE = requires("items:read"), requires("items:write")
_EXAMPLE = {"title": "Dune, first edition", "description": "Some traces of sand."}


@router.get("/", dependencies=[_READ])
async def list_items(filters: ItemFilters, page: PageParams, mediator: Inject[Mediator]) -> ItemPage:
    """Lists items, the newest first unless asked otherwise; the cursor `next` leads to the following page."""
    if not filters and page.after is None:
        return ItemPage.of(await mediator.send(NewestItems(limit=page.limit)), ItemResponse.of)
    asked = dict(filters)
    order = asked.pop("order", None)
    query = ListItems(filters=asked, limit=page.limit, after=page.after)
    if isinstance(order, list):
        query = query.replace(order=tuple(order))
    return ItemPage.of(await mediator.send(query), ItemResponse.of)


@router.post("/", status_code=201, dependencies=[_WRITE], responses=problem_responses(409))
async def create_item(
    command: Annotated[CreateItem, Body(examples=[_EXAMPLE])],
    request: Request,
    response: Response,
    mediator: Inject[Mediator],
) -> ItemResponse:
    """Offers something new in the caller's name; its owner is told by a notification."""
    item = await mediator.send(command)
    set_etag(response, item.version)
    response.headers["Location"] = f"{request.scope['path']}{item.id}"
    return ItemResponse.of(item)


@router.get("/{item_id}", dependencies=[_READ], responses=problem_responses(404))
async def get_item(item_id: UUID, response: Response, mediator: Inject[Mediator]) -> ItemResponse:
    """Shows one item; its ETag is what If-Match takes."""
    item = await mediator.send(GetItem(item_id=item_id))
    set_etag(response, item.version)
    return ItemResponse.of(item)


@router.put("/{item_id}", dependencies=[_WRITE], responses=problem_responses(404, 409, 412))
async def change_item(
    item_id: UUID,
    body: Annotated[ItemBody, Body(examples=[{**_EXAMPLE, "is_active": True}])],
    expected: ExpectedVersion,
    response: Response,
    mediator: Inject[Mediator],
) -> ItemResponse:
    """Replaces what is said about an item; its owner and administrators may."""
    command = ChangeItem(
        item_id=item_id,
        title=body.title,
        description=body.description,
        is_active=body.is_active,
        expected_version=expected,
    )
    item = await mediator.send(command)
    set_etag(response, item.version)
    return ItemResponse.of(item)


@router.delete(
    "/{item_id}", status_code=204, dependencies=[_WRITE], responses=problem_responses(404, 409, 412)
)
async def remove_item(item_id: UUID, expected: ExpectedVersion, mediator: Inject[Mediator]) -> None:
    """Takes an item away; its owner and administrators may."""
    await mediator.send(RemoveItem(item_id=item_id, expected_version=expected))
