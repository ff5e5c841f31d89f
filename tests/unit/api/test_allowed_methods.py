import pytest
from fastapi import FastAPI

from fastapi_chassis.security import Public
from tests.unit.api.stand import build, speaking


def routes(app: FastAPI) -> None:
    async def work() -> None: ...

    app.add_api_route("/things/{thing_id}", work, methods=["GET", "PUT"], dependencies=[Public])
    app.add_api_route("/things/{thing_id}", work, methods=["DELETE"], dependencies=[Public])


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize(
    ("path", "methods"),
    [("/things/3", "DELETE, GET, PUT"), ("/api/items/", "GET, POST")],
)
async def test_every_method_of_the_path_is_allowed(path: str, methods: str) -> None:
    async with speaking(build(routes=routes)) as client:
        response = await client.patch(path)

    assert response.status_code == 405
    assert response.headers["allow"] == methods


async def test_a_prefix_that_a_proxy_took_away_is_no_part_of_the_path() -> None:
    app = build(routes=routes)
    app.root_path = "/shop"
    async with speaking(app) as client:
        response = await client.patch("/shop/things/3")

    assert response.headers["allow"] == "DELETE, GET, PUT"
