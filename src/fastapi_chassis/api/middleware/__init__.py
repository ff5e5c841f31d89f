"""What every request passes before the routes: one pass of pure ASGI."""

from fastapi_chassis.api.middleware.edge import EdgeMiddleware

__all__ = ("EdgeMiddleware",)
