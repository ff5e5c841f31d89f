"""OpenAPI: every route's problems, and how a caller proves who it is."""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from fastapi_chassis.api.middleware.rate_limit import EdgeLimits
from fastapi_chassis.api.policies import route_policy
from fastapi_chassis.api.problems import MEDIA_TYPE, Problem, title_of
from fastapi_chassis.api.rate_limit import has_limit
from fastapi_chassis.api.responses import problem_example
from fastapi_chassis.application import AUTHENTICATED, Policy
from fastapi_chassis.config import ApiConfig

type Json = dict[str, object]

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_PROBLEM: Json = {"$ref": "#/components/schemas/Problem"}
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
LOGIN_FORM = "/auth/token"
_LIMIT_HEADERS: Json = {
    name: {"description": description, "schema": {"type": kind}}
    for name, kind, description in (
        ("Retry-After", "integer", "Seconds until a request passes again."),
        ("RateLimit", "string", "What is left: the limit, `r` requests, and `t` seconds until all are back."),
        ("RateLimit-Policy", "string", "The limits: `q` requests in `w` seconds."),
    )
}


def document_api(app: FastAPI, config: ApiConfig) -> None:
    """Makes the document tell what the service really does with invalid input, unknown callers and limits.

    Args:
        app: whose document is changed.
        config: the status of invalid input, and the limits of requests.
    """
    made: Callable[[], Json] = app.openapi
    done: list[Json] = []

    def openapi() -> Json:
        document = made()
        if not any(document is one for one in done):
            done[:] = [document]
            _complete(document, app, config)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _complete(document: Json, app: FastAPI, config: ApiConfig) -> None:
    components = cast("Json", document.setdefault("components", {}))
    schemas = cast("Json", components.setdefault("schemas", {}))
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    policies, limited = dict(_policies(app)), _limited(app, config)
    paths = cast("dict[str, dict[str, Json]]", document.get("paths", {}))
    schemes = _schemes(paths)
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method in _METHODS:
                _document_problems(operation, config.validation_status)
                _document_caller(operation, policies.get((path, method)), schemes)
                if (path, method) in limited:
                    _document_limit(operation)
    if any(not policy.public for policy in policies.values()):
        components["securitySchemes"] = schemes | cast("Json", components.get("securitySchemes", {}))


def _document_problems(operation: Json, validation_status: int) -> None:
    responses = cast("dict[str, Json]", operation.setdefault("responses", {}))
    if responses.pop("422", None) is not None or "requestBody" in operation or "parameters" in operation:
        _add(responses, validation_status)
    if "requestBody" in operation:
        _add(responses, 413)
    _add(responses, 500)
    for code, response in responses.items():
        if code.isdigit() and code >= "400":
            held = cast("dict[str, Json]", response.setdefault("content", {}))
            held.pop("application/json", None)
            held.setdefault(MEDIA_TYPE, {})["schema"] = _PROBLEM


def _document_caller(operation: Json, policy: Policy | None, schemes: Json) -> None:
    if policy is None or policy.public:
        return
    scopes = [permission for permission in policy.requires if permission != AUTHENTICATED]
    if "security" not in operation:
        operation["security"] = [{name: []} for name in schemes]
    responses = cast("dict[str, Json]", operation["responses"])
    _add(responses, 401)
    if scopes:
        _add(responses, 403)
        responses["403"]["description"] = f"Forbidden: needs {', '.join(scopes)}"


def _document_limit(operation: Json) -> None:
    responses = cast("dict[str, Json]", operation["responses"])
    _add(responses, 429)
    responses["429"].setdefault("headers", _LIMIT_HEADERS)


def _add(responses: dict[str, Json], status: int) -> None:
    content = {MEDIA_TYPE: {"schema": _PROBLEM, "example": problem_example(status)}}
    responses.setdefault(str(status), {"description": title_of(status), "content": content})


def _policies(app: FastAPI) -> Iterator[tuple[tuple[str, str], Policy]]:
    for operation, route in _operations(app):
        policy = route_policy(route)
        if policy is not None:
            yield operation, policy


def _limited(app: FastAPI, config: ApiConfig) -> set[tuple[str, str]]:
    edge = EdgeLimits(config)
    return {
        (path, method)
        for (path, method), route in _operations(app)
        if edge.covers(method.upper(), path) or has_limit(route)
    }


def _operations(app: FastAPI) -> Iterator[tuple[tuple[str, str], RouteContext]]:
    for route in iter_route_contexts(cast("Sequence[RouteContext]", app.routes)):
        if getattr(route, "dependant", None) is not None:
            for method in route.methods or ():
                yield (route.path_format or "", method.lower()), route


def _schemes(paths: dict[str, dict[str, Json]]) -> Json:
    """How a caller proves who it is; with the form of the API page, where the service has a route for it."""
    schemes: Json = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    form = next((path for path in paths if path.endswith(LOGIN_FORM) and "post" in paths[path]), None)
    if form:
        schemes["login"] = {"type": "oauth2", "flows": {"password": {"tokenUrl": form, "scopes": {}}}}
    return schemes
