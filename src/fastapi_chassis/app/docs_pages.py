"""The API pages: Swagger UI and ReDoc, from files on this machine where they are installed."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from fastapi_chassis.security import Public

_ASSETS = "fastapi_offline"  # the package of the extra `docs`; without it the pages load from a network


def add_docs_pages(app: FastAPI, prefix: str) -> None:
    """Adds `{prefix}/docs` and `{prefix}/redoc`; neither stands in the OpenAPI document.

    Args:
        app: its `openapi_url` is what the pages show.
        prefix: where the API begins.
    """
    assets = _assets()
    base = f"{prefix}/docs/assets"
    if assets is not None:
        app.mount(base, StaticFiles(directory=assets), name="docs-assets")
    openapi, redirect = app.openapi_url or "", f"{prefix}/docs/oauth2-redirect"
    title = f"{app.title} · API"

    async def swagger_page() -> HTMLResponse:
        page = partial(get_swagger_ui_html, openapi_url=openapi, title=title, oauth2_redirect_url=redirect)
        if assets is None:
            return page()
        return page(
            swagger_js_url=f"{base}/swagger-ui-bundle.js",
            swagger_css_url=f"{base}/swagger-ui.css",
            swagger_favicon_url=f"{base}/favicon.png",
        )

    async def redoc_page() -> HTMLResponse:
        page = partial(get_redoc_html, openapi_url=openapi, title=title, with_google_fonts=False)
        if assets is None:
            return page()
        return page(redoc_js_url=f"{base}/redoc.standalone.js", redoc_favicon_url=f"{base}/favicon.png")

    async def redirect_page() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    pages = {f"{prefix}/docs": swagger_page, f"{prefix}/redoc": redoc_page, redirect: redirect_page}
    for path, page in pages.items():
        app.add_api_route(
            path, page, include_in_schema=False, response_class=HTMLResponse, dependencies=[Public]
        )


def _assets() -> Path | None:
    package = find_spec(_ASSETS)
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "static"
    return folder if folder.is_dir() else None
