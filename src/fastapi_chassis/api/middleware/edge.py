"""EdgeMiddleware: context, limits, security headers, access line and the last answer, in one pass."""

import logging
from time import perf_counter
from typing import cast

from fastapi import FastAPI, Request
from opentelemetry import trace
from starlette.requests import ClientDisconnect

from fastapi_chassis.api.exception_handlers import ProblemWriter
from fastapi_chassis.api.middleware.access_log import write_access_line
from fastapi_chassis.api.middleware.answer import Answer
from fastapi_chassis.api.middleware.asgi import App, Headers, Receive, Scope, Send
from fastapi_chassis.api.middleware.body import RequestBody
from fastapi_chassis.api.middleware.counting import DECISIONS
from fastapi_chassis.api.middleware.cross_origin import CrossOrigin
from fastapi_chassis.api.middleware.headers import AllowedHosts, RequestHeaders, read_headers
from fastapi_chassis.api.middleware.json_body import check_urlencoded
from fastapi_chassis.api.middleware.principal import principal_of
from fastapi_chassis.api.middleware.rate_limit import EdgeLimits
from fastapi_chassis.api.middleware.security_headers import security_headers
from fastapi_chassis.api.refusals import BodyTooLargeException
from fastapi_chassis.api.request_scope import SCOPE_KEY, ApplicationResolver, RequestScope
from fastapi_chassis.application import MessageContext, use_context
from fastapi_chassis.config import RootConfig

_log = logging.getLogger("fastapi_chassis.api")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
_CLOSE = (b"connection", b"close")
_NO_STORE = (b"cache-control", b"no-store")


class EdgeMiddleware:
    """Stands between the server and the routes.

    Args:
        app: the routes.
        served: the application whose `state.chassis` gives the container.
        config: limits, hosts, origins, environment.
        writer: writes problems.
    """

    def __init__(self, app: App, *, served: FastAPI, config: RootConfig, writer: ProblemWriter) -> None:
        self._app = app
        self._served = served
        self._writer = writer
        self._limit = int(config.api.max_body_size)
        self._hosts = AllowedHosts(config.api.allowed_hosts)
        self._origins = CrossOrigin(config.api.cors) if config.api.cors.origins else None
        self._fixed = security_headers(config)
        self._limits = EdgeLimits(config.api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, with its context; answers itself what must not reach the routes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        headers = read_headers(cast("Headers", scope["headers"]))
        _join_trace(headers)
        answer = Answer(send, self._fixed)
        try:
            chassis: ApplicationResolver = self._served.state.chassis
            self._mark(answer, headers, is_draining=chassis.draining)
            headers.check(self._hosts)
            _check_target(scope)
            if not await self._preflight(scope, answer, headers):
                await self._pass(scope, receive, answer, headers, chassis)
        except ClientDisconnect:
            _log.info("the client went away", extra={"correlation_id": headers.correlation_id})
        except Exception as fault:  # noqa: BLE001 - the last one who can answer
            await self._answer_fault(scope, receive, answer, headers, fault)
        finally:
            write_access_line(scope, answer.status, perf_counter() - began, headers.correlation_id)

    def _mark(self, answer: Answer, headers: RequestHeaders, *, is_draining: bool) -> None:
        answer.carry((b"x-correlation-id", headers.correlation_id.encode("latin-1")))
        if headers.authorization:
            answer.carry(_NO_STORE)
        if is_draining:
            answer.carry(_CLOSE)
        if self._origins is not None:
            answer.carry(*self._origins.marks(headers.origin))

    async def _preflight(self, scope: Scope, answer: Answer, headers: RequestHeaders) -> bool:
        """Answers a web page that asks whether it may call; False if that was not asked."""
        permitted = self._origins and self._origins.preflight(scope["method"], headers)
        if not permitted:
            return False
        await answer.send({"type": "http.response.start", "status": 204, "headers": permitted})
        await answer.send({"type": "http.response.body", "body": b""})
        return True

    async def _pass(
        self,
        scope: Scope,
        receive: Receive,
        answer: Answer,
        headers: RequestHeaders,
        chassis: ApplicationResolver,
    ) -> None:
        scope[DECISIONS] = answer.decisions
        await self._limits.before_caller(scope, chassis)
        body = RequestBody(receive, scope, self._limit, headers)
        held = scope[SCOPE_KEY] = RequestScope(chassis)
        context = MessageContext(
            correlation_id=headers.correlation_id,
            principal=await principal_of(headers.authorization, chassis, scope),
            idempotency_key=None if scope["method"] in _SAFE else headers.checked_key(),
            headers=headers.trace,
        )
        with use_context(context):
            try:
                await self._limits.after_caller(scope, chassis)
                await self._app(scope, body.receive, answer.send)
            finally:
                await held.close()
        if answer.is_too_large:
            raise BodyTooLargeException(body.limit)

    async def _answer_fault(
        self, scope: Scope, receive: Receive, answer: Answer, headers: RequestHeaders, fault: Exception
    ) -> None:
        with use_context(MessageContext(correlation_id=headers.correlation_id, headers=headers.trace)):
            response = await self._writer.any(Request(scope), fault)
            if not answer.status:
                await response(scope, receive, answer.send)


def _join_trace(headers: RequestHeaders) -> None:
    """Makes the span of this request, where there is one, the parent of what follows."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        headers.traceparent = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def _check_target(scope: Scope) -> None:
    query = cast("bytes", scope["query_string"])
    if b"%" in query or not query.isascii():
        check_urlencoded(query, "query")
    path = cast("bytes", scope.get("raw_path") or b"")
    if b"%" in path:
        check_urlencoded(path, "path")
