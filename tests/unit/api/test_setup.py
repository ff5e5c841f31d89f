import pytest
from fastapi import FastAPI

from fastapi_chassis.api import setup_api
from fastapi_chassis.config import RootConfig
from tests.unit.api.stand import Chassis, speaking


@pytest.mark.requirement("API-1", "API-2", "API-3", "API-6")
async def test_one_call_gives_problems_context_headers_and_document() -> None:
    app = FastAPI(openapi_url="/openapi.json")
    app.state.chassis = Chassis()
    setup_api(app, RootConfig())

    async with speaking(app) as client:
        response = await client.get("/nowhere")
        document = await client.get("/openapi.json")

    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-correlation-id"] == response.json()["trace_id"]
    assert "Problem" in document.json()["components"]["schemas"]
