"""The ground floor: entities, values, events, identifiers and the filter language; standard library only."""

from fastapi_chassis.domain.aggregate import BaseAggregate
from fastapi_chassis.domain.clock import Clock, FrozenClock, SystemClock
from fastapi_chassis.domain.entity import BaseEntity
from fastapi_chassis.domain.events import DomainEvent, Event, IntegrationEvent
from fastapi_chassis.domain.exceptions import (
    AlreadyExistsException,
    AppException,
    ChassisError,
    ConflictException,
    Finding,
    ForbiddenException,
    MissingExtraError,
    NotFoundException,
    RateLimitedException,
    TransientConflictException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
    WiringError,
    translating,
)
from fastapi_chassis.domain.identity import id_after, new_id
from fastapi_chassis.domain.lookups import (
    MAX_FILTERS,
    MAX_ITEMS,
    MAX_PAGE,
    Criterion,
    Lookup,
    Order,
    contains,
    criteria_for,
    lookups_of,
    order_for,
)
from fastapi_chassis.domain.message import Message, snake_case
from fastapi_chassis.domain.pages import Cursor, Page
from fastapi_chassis.domain.record import FieldShape, shape_of
from fastapi_chassis.domain.record_keeping import Audited, SoftDeletable
from fastapi_chassis.domain.value_object import ValueObject
from fastapi_chassis.domain.values import check_storable, problem_with

__all__ = (
    "MAX_FILTERS",
    "MAX_ITEMS",
    "MAX_PAGE",
    "AlreadyExistsException",
    "AppException",
    "Audited",
    "BaseAggregate",
    "BaseEntity",
    "ChassisError",
    "Clock",
    "ConflictException",
    "Criterion",
    "Cursor",
    "DomainEvent",
    "Event",
    "FieldShape",
    "Finding",
    "ForbiddenException",
    "FrozenClock",
    "IntegrationEvent",
    "Lookup",
    "Message",
    "MissingExtraError",
    "NotFoundException",
    "Order",
    "Page",
    "RateLimitedException",
    "SoftDeletable",
    "SystemClock",
    "TransientConflictException",
    "UnauthenticatedException",
    "UnavailableException",
    "ValidationException",
    "ValueObject",
    "WiringError",
    "check_storable",
    "contains",
    "criteria_for",
    "id_after",
    "lookups_of",
    "new_id",
    "order_for",
    "problem_with",
    "shape_of",
    "snake_case",
    "translating",
)
