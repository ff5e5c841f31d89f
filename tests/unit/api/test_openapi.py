from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordRequestForm

from fastapi_chassis.security import Public
from tests.unit.api.stand import build, speaking

PROBLEM = {"$ref": "#/components/schemas/Problem"}


async def document(app: FastAPI) -> dict:  # type: ignore[type-arg]
    async with speaking(app) as client:
        return (await client.get("/openapi.json")).json()  # type: ignore[no-any-return]


@pytest.mark.requirement("API-6")
async def test_invalid_input_is_documented_as_the_problem_that_it_is() -> None:
    made = await document(build())

    post = made["paths"]["/api/items/"]["post"]["responses"]
    assert post["422"]["content"]["application/problem+json"]["schema"] == PROBLEM
    assert {"413", "500"} <= post.keys()
    assert "HTTPValidationError" not in made["components"]["schemas"]
    assert made["components"]["schemas"]["Problem"]["properties"]["errors"]


@pytest.mark.requirement("API-6")
async def test_the_status_of_invalid_input_is_the_same_in_the_document() -> None:
    made = await document(build(validation_status=400))

    post = made["paths"]["/api/items/"]["post"]["responses"]
    assert "400" in post
    assert "422" not in post


@pytest.mark.requirement("API-6")
async def test_protected_routes_say_so() -> None:
    made = await document(build())

    put = made["paths"]["/api/items/{item_id}"]["put"]
    assert put["security"] == [{"bearer": []}]
    assert put["responses"]["403"]["description"] == "Forbidden: needs items:write"
    assert "401" in put["responses"]
    assert "security" not in made["paths"]["/api/items/"]["post"]
    assert made["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    mine = made["paths"]["/api/items/me/first"]["get"]
    assert mine["security"]
    assert "403" not in mine["responses"]


async def test_the_api_page_logs_in_with_the_form_of_the_service() -> None:
    async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> str:
        return form.username

    def routes(app: FastAPI) -> None:
        app.add_api_route("/api/auth/token", log_in, methods=["POST"], dependencies=[Public])

    made = await document(build(routes=routes))

    flow = made["components"]["securitySchemes"]["login"]["flows"]["password"]
    assert flow["tokenUrl"] == "/api/auth/token"
    assert made["paths"]["/api/items/me/first"]["get"]["security"] == [{"bearer": []}, {"login": []}]


async def test_documented_problems_of_a_route_stay() -> None:
    made = await document(build())

    put = made["paths"]["/api/items/{item_id}"]["put"]["responses"]
    assert {"404", "409", "412"} <= put.keys()
    assert put["412"]["content"].keys() == {"application/problem+json"}


async def test_routes_that_come_later_are_documented_too() -> None:
    app = build()
    await document(app)

    @app.get("/later", dependencies=[Public])
    async def later(number: int) -> int:
        return number

    made = await document(app)
    assert made["paths"]["/later"]["get"]["responses"]["422"]["content"].keys() == {
        "application/problem+json"
    }
    assert app.openapi() is app.openapi()
