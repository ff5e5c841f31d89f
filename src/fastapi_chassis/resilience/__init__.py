"""Policies against trouble, each written once for every door: retry, deadline, circuit breaker, bulkhead."""

from fastapi_chassis.resilience.bulkhead import Bulkhead, BulkheadFullException
from fastapi_chassis.resilience.circuit_breaker import (
    CircuitBreaker,
    CircuitOpenException,
    CircuitStateEnum,
    CircuitStats,
)
from fastapi_chassis.resilience.deadline import Deadline, DeadlineExceededException, time_left
from fastapi_chassis.resilience.policy import Next, Policy, around, is_transient
from fastapi_chassis.resilience.retry import Retry, RetryBudget, RetryPolicy

__all__ = (
    "Bulkhead",
    "BulkheadFullException",
    "CircuitBreaker",
    "CircuitOpenException",
    "CircuitStateEnum",
    "CircuitStats",
    "Deadline",
    "DeadlineExceededException",
    "Next",
    "Policy",
    "Retry",
    "RetryBudget",
    "RetryPolicy",
    "around",
    "is_transient",
    "time_left",
)
