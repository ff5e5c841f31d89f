"""What a route may ask for."""

from fastapi_chassis.api import Inject
from fastapi_chassis.plugins.redis.client import RedisClient

Redis = Inject[RedisClient]
