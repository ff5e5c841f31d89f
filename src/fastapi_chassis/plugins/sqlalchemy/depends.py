"""What a route may ask for."""

from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.api import Inject

DatabaseEngine = Inject[AsyncEngine]
