"""Real servers for tests: `with open_backend("postgresql") as server: connect(server.url)`."""

from fastapi_chassis.testing.backends.backend import Backend, open_backend
from fastapi_chassis.testing.backends.catalogue import RECIPES, Recipe
from fastapi_chassis.testing.backends.errors import BackendFailedError, BackendUnavailableError
from fastapi_chassis.testing.backends.postgresql import fresh_database
from fastapi_chassis.testing.backends.run_folder import sweep
from fastapi_chassis.testing.backends.session import BackendSession

__all__ = (
    "RECIPES",
    "Backend",
    "BackendFailedError",
    "BackendSession",
    "BackendUnavailableError",
    "Recipe",
    "fresh_database",
    "open_backend",
    "sweep",
)
