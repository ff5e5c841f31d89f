from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import BaseModel

from fastapi_chassis.api import strict_query
from fastapi_chassis.security import Public
from tests.unit.api.stand import build, problem, speaking


class Area(BaseModel):
    north: int = 0
    tags: list[str] = []


async def shelf(
    area: Annotated[Area, Query()],
) -> Area:
    return area


async def plain(
    word: str = "",
    many: Annotated[list[str] | None, Query()] = None,
    other: Annotated[str, Query(alias="o-o")] = "",
) -> list[str]:
    return [word, *(many or []), other]


async def tenant(tenant: str = "") -> str:
    return tenant


def routes(app: FastAPI) -> None:
    strict = [Public, Depends(strict_query)]
    app.add_api_route("/shelf", shelf, dependencies=strict)
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/plain", plain, dependencies=strict)
    app.include_router(inner, prefix="/outer", dependencies=[Depends(tenant)])


GOOD = (
    "/shelf?north=1&tags=a&tags=b",
    "/outer/inner/plain?word=a&many=b&many=c&o-o=d&tenant=x",
    "/shelf",
    "/shelf?",
)
WRONG = {
    "/shelf?south=1": "south",
    "/shelf?north=1&north=2": "north",
    "/outer/inner/plain?word=a&other=b": "other",
    "/outer/inner/plain?Word=a": "Word",
    "/outer/inner/plain?__class__=a": "__class__",
}


@pytest.mark.parametrize("url", GOOD)
async def test_what_the_route_reads_passes(url: str) -> None:
    async with speaking(build(routes=routes)) as client:
        assert (await client.get(url)).status_code == 200


@pytest.mark.requirement("API-5")
@pytest.mark.parametrize(("url", "name"), WRONG.items())
async def test_what_it_does_not_read_is_refused(url: str, name: str) -> None:
    async with speaking(build(routes=routes)) as client:
        members = problem(await client.get(url), 422)

    assert list(members["errors"]) == [name]
    assert members["error_code"] == "INVALID_QUERY"


async def test_the_answer_stays_small_whatever_was_sent() -> None:
    query = "&".join(f"{'x' * 50}{number}=1" for number in range(500))
    async with speaking(build(routes=routes)) as client:
        members = problem(await client.get(f"/shelf?{query}"), 422)

    assert len(members["errors"]) == 50
