"""Versions of the API: every path is served under its version, and the newest one without it too."""

from fastapi import APIRouter

V1 = "/api/v1"
NEWEST = "/api"


def versioned(*routers: APIRouter) -> tuple[APIRouter, ...]:
    """Serves routers under `/api/v1`, and under `/api` as the newest version, which the document leaves out.

    Args:
        routers: of one feature, their prefix without the version.
    """
    first, newest = APIRouter(prefix=V1), APIRouter(prefix=NEWEST, include_in_schema=False)
    for router in routers:
        first.include_router(router)
        newest.include_router(router)
    return first, newest
