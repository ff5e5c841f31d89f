"""The HTTP edge: problems, the request's context, filters and pages, and `Inject`."""

from fastapi_chassis.api.depends import Inject, Injected, injected_type
from fastapi_chassis.api.etag import ExpectedVersion, etag_of, set_etag
from fastapi_chassis.api.exception_handlers import setup_exception_handlers
from fastapi_chassis.api.fields import Int32, Int64
from fastapi_chassis.api.lookups import Filters
from fastapi_chassis.api.pagination import PageParams, PageRequest, PageResponse
from fastapi_chassis.api.policies import route_policy
from fastapi_chassis.api.problems import Problem, status_of
from fastapi_chassis.api.query_string import strict_query
from fastapi_chassis.api.rate_limit import rate_limited
from fastapi_chassis.api.request_scope import ApplicationResolver
from fastapi_chassis.api.responses import SuccessResponse, problem_responses
from fastapi_chassis.api.setup import setup_api

__all__ = (
    "ApplicationResolver",
    "ExpectedVersion",
    "Filters",
    "Inject",
    "Injected",
    "Int32",
    "Int64",
    "PageParams",
    "PageRequest",
    "PageResponse",
    "Problem",
    "SuccessResponse",
    "etag_of",
    "injected_type",
    "problem_responses",
    "rate_limited",
    "route_policy",
    "set_etag",
    "setup_api",
    "setup_exception_handlers",
    "status_of",
    "strict_query",
)
