import importlib.util

import httpx2
import pytest
from fastapi import FastAPI

from fastapi_chassis.app import docs_pages
from fastapi_chassis.app.docs_pages import add_docs_pages


async def get(app: FastAPI, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


def pages() -> FastAPI:
    app = FastAPI(title="Shop", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    add_docs_pages(app, "/api")
    return app


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
async def test_pages_show_the_document_from_files_of_this_machine(page):
    app = pages()
    response = await get(app, page)
    assert response.status_code == 200
    assert "/api/openapi.json" in response.text
    assert "/api/docs/assets/" in response.text
    assert "https://" not in response.text
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js", "favicon.png"):
        assert (await get(app, f"/api/docs/assets/{asset}")).status_code == 200


async def test_the_login_of_the_page_has_its_redirect():
    assert (await get(pages(), "/api/docs/oauth2-redirect")).status_code == 200


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
async def test_without_the_files_the_pages_load_from_a_network(page, monkeypatch):
    monkeypatch.setattr(docs_pages, "_ASSETS", "package_that_is_not_there")
    assert importlib.util.find_spec("package_that_is_not_there") is None
    response = await get(pages(), page)
    assert response.status_code == 200
    assert "https://" in response.text


def test_the_pages_stand_in_no_document():
    assert pages().openapi()["paths"] == {}
