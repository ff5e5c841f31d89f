"""setup_api: makes a FastAPI instance speak as every service of ours does."""

from fastapi import FastAPI

from fastapi_chassis.api.exception_handlers import setup_exception_handlers
from fastapi_chassis.api.middleware import EdgeMiddleware
from fastapi_chassis.api.openapi import document_api
from fastapi_chassis.config import RootConfig


def setup_api(app: FastAPI, config: RootConfig) -> None:
    """Adds exception handlers, the edge, and what OpenAPI says of errors and callers.

    Args:
        app: `app.state.chassis` gives the container.
        config: its `api` section and the environment.
    """
    api = config.api
    writer = setup_exception_handlers(
        app, validation_status=api.validation_status, type_base=api.error_type_base
    )
    app.add_middleware(EdgeMiddleware, served=app, config=config, writer=writer)
    document_api(app, api)
