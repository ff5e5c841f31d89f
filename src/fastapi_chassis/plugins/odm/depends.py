"""What a route may ask for."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from fastapi_chassis.api import Inject

MongoDatabase = Inject[AsyncDatabase[dict[str, Any]]]
