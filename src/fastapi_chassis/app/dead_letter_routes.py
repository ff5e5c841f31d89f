"""dead_letter_router(): the routes by which an operator sees, edits, replays and discards dead letters."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query

from fastapi_chassis.api import PageParams, PageResponse, problem_responses, strict_query
from fastapi_chassis.app.dead_letter_schemas import (
    DeadLetterEdit,
    DeadLetterListing,
    DeadLetterResponse,
    DeadLetterSelection,
    DeadLettersSettled,
    DeadLetterSummary,
)
from fastapi_chassis.domain import Criterion, Cursor, Lookup, Order, Page, ValidationException
from fastapi_chassis.messaging import DeadLetters
from fastapi_chassis.security import requires

PERMISSION = "messages:manage"
_Chosen = Annotated[DeadLetterSelection, Body(examples=[{"type": "item_created", "limit": 100}])]
_Edit = Annotated[DeadLetterEdit, Body(examples=[{"payload": '{"title":"Dune"}'}])]
_ORDER = (Order("id", descending=True),)


def dead_letter_router(desk: Callable[[], DeadLetters], *, prefix: str, secret: bytes) -> APIRouter:
    """Makes the routes below `{prefix}/dead-letters`; each needs the permission `messages:manage`.

    Args:
        desk: gives what an operator works with.
        prefix: what the paths begin with.
        secret: seals cursors.
    """
    router = APIRouter(
        prefix=f"{prefix}/dead-letters",
        tags=["dead letters"],
        dependencies=[requires(PERMISSION), Depends(strict_query)],
        responses=problem_responses(422),
    )
    _add_reading(router, desk, secret)
    _add_settling(router, desk)
    return router


def _add_reading(router: APIRouter, desk: Callable[[], DeadLetters], secret: bytes) -> None:
    @router.get("", summary="List dead letters, the latest first")
    async def list_dead_letters(
        listing: Annotated[DeadLetterListing, Query()], page: PageParams
    ) -> PageResponse[DeadLetterSummary]:
        asked = _asked(listing)
        before = None if page.after is None else _place(page.after, secret, asked)
        found = await desk().page(replace(listing.query(), limit=page.limit + 1, before=before))
        shown, more = found[: page.limit], found[page.limit :]
        after = Cursor((shown[-1].id,)).encode(secret, asked, _ORDER) if more else None
        return PageResponse[DeadLetterSummary].of(Page(tuple(shown), after), DeadLetterSummary.of)

    @router.get("/{dead_letter_id}", summary="Show a dead letter", responses=problem_responses(404))
    async def show_dead_letter(dead_letter_id: UUID) -> DeadLetterResponse:
        return DeadLetterResponse.of(await desk().show(dead_letter_id))


def _add_settling(router: APIRouter, desk: Callable[[], DeadLetters]) -> None:
    @router.post("/replay", summary="Replay several dead letters, the earliest first")
    async def replay_dead_letters(chosen: _Chosen) -> DeadLettersSettled:
        return DeadLettersSettled.of(await desk().replay_all(chosen.query(), most=chosen.limit))

    @router.post("/discard", summary="Discard several dead letters")
    async def discard_dead_letters(chosen: _Chosen) -> DeadLettersSettled:
        return DeadLettersSettled.of(await desk().discard_all(chosen.query(), most=chosen.limit))

    @router.patch(
        "/{dead_letter_id}", summary="Change what a replay hands over", responses=problem_responses(404, 409)
    )
    async def edit_dead_letter(dead_letter_id: UUID, edit: _Edit) -> DeadLetterResponse:
        return DeadLetterResponse.of(
            await desk().edit(dead_letter_id, payload=edit.body, headers=edit.headers)
        )

    @router.post(
        "/{dead_letter_id}/replay",
        summary="Replay a dead letter",
        description="Runs the handlers of its group here. It waits on, with the new error, where they fail.",
        responses=problem_responses(404, 409),
    )
    async def replay_dead_letter(dead_letter_id: UUID) -> DeadLetterResponse:
        return DeadLetterResponse.of(await desk().replay(dead_letter_id))

    @router.post(
        "/{dead_letter_id}/discard", summary="Discard a dead letter", responses=problem_responses(404, 409)
    )
    async def discard_dead_letter(dead_letter_id: UUID) -> DeadLetterResponse:
        return DeadLetterResponse.of(await desk().discard(dead_letter_id))


def _asked(listing: DeadLetterListing) -> list[Criterion]:
    given = listing.model_dump(exclude_none=True)
    return [Criterion(name, Lookup.EQ, value) for name, value in given.items()]


def _place(cursor: str, secret: bytes, asked: list[Criterion]) -> UUID:
    match Cursor.decode(cursor, secret, asked, _ORDER).values:
        case (UUID() as place,):
            return place
        case _:
            message = "the cursor does not belong to this list"
            raise ValidationException(message, errors={"after": [message]}, error_code="INVALID_CURSOR")
