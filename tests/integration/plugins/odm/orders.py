"""What the tests store: an aggregate with unique values of several kinds."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import BaseAggregate


class Order(BaseAggregate):
    number: int
    buyer: str | None = None
    total: Decimal = Decimal(0)
    at: datetime | None = None


class OrderRepository(AbstractRepository[Order, UUID]):
    unique = (("number",), ("buyer", "total"), ("at",))
