"""Pages over HTTP: their bounds as parameters, and their shape as a response."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from fastapi_chassis.api.query_string import strict_query
from fastapi_chassis.domain import Page

MAX_LIMIT = 100
DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page a caller asks for.

    Args:
        limit: entries, 1 to 100.
        after: the cursor of the page before.
    """

    limit: int = DEFAULT_LIMIT
    after: str | None = None


async def page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Entries per page.")] = DEFAULT_LIMIT,
    after: Annotated[
        str | None, Query(min_length=1, max_length=1_000, description="The cursor `next` of the page before.")
    ] = None,
) -> PageRequest:
    """Reads the page; parameters that the route does not know are refused with it.

    Raises:
        ValidationException: an unknown or repeated parameter.
    """
    await strict_query(request)
    return PageRequest(limit, after)


PageParams = Annotated[PageRequest, Depends(page_request)]


class PageResponse[Item](BaseModel):
    """A part of a list."""

    items: list[Item]
    next: str | None = Field(None, description="The cursor of the following page; null at the end.")
    total: int | None = Field(None, description="How many there are in all, where it was counted.")

    @classmethod
    def of[Entity](cls, page: Page[Entity], show: Callable[[Entity], Item]) -> Self:
        """Makes the response of a page.

        Args:
            page: what the repository found.
            show: turns an entity into what callers may see.
        """
        return cls(items=[show(entity) for entity in page.items], next=page.next, total=page.total)
