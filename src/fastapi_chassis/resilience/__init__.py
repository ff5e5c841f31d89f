"""Policies against trouble, each written once: retry, deadline, circuit breaker, bulkhead, rate limit."""

from fastapi_chassis.resilience.bulkhead import Bulkhead, BulkheadFullException
from fastapi_chassis.resilience.circuit_breaker import (
    CircuitBreaker,
    CircuitOpenException,
    CircuitStateEnum,
    CircuitStats,
)
from fastapi_chassis.resilience.deadline import Deadline, DeadlineExceededException, time_left
from fastapi_chassis.resilience.memory import InMemoryRateLimiter
from fastapi_chassis.resilience.policy import Next, Policy, around, is_transient
from fastapi_chassis.resilience.rate_limit import Decision, RateLimit, RateLimiter, RateLimitPolicy
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
    "Decision",
    "InMemoryRateLimiter",
    "Next",
    "Policy",
    "RateLimit",
    "RateLimitPolicy",
    "RateLimiter",
    "Retry",
    "RetryBudget",
    "RetryPolicy",
    "around",
    "is_transient",
    "time_left",
)
