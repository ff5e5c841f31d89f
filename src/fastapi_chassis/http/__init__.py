"""Calls to other services; enter by HttpClient, over the port HttpSender."""

from fastapi_chassis.http.auth import ApiKeyAuth, Auth, BasicAuth, BearerAuth
from fastapi_chassis.http.client import HttpClient, Params, RemoteFailedException
from fastapi_chassis.http.config import HttpClientConfig
from fastapi_chassis.http.memory import (
    Answer,
    InMemorySender,
    build_mocked_aiohttp_resource,
    build_mocked_aiohttp_response,
)
from fastapi_chassis.http.message import HttpRequest, HttpResponse, UnexpectedAnswerException
from fastapi_chassis.http.sender import HttpSender

__all__ = (
    "Answer",
    "ApiKeyAuth",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "HttpClient",
    "HttpClientConfig",
    "HttpRequest",
    "HttpResponse",
    "HttpSender",
    "InMemorySender",
    "Params",
    "RemoteFailedException",
    "UnexpectedAnswerException",
    "build_mocked_aiohttp_resource",
    "build_mocked_aiohttp_response",
)
