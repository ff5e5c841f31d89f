"""HttpClient: calls one other service, with a deadline, retries and the ids of the conversation."""

import json as json_module
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from fastapi_chassis.application import current_context
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.http.auth import Auth
from fastapi_chassis.http.config import HttpClientConfig
from fastapi_chassis.http.message import HttpRequest, HttpResponse
from fastapi_chassis.http.sender import HttpSender
from fastapi_chassis.observability import trace_headers
from fastapi_chassis.resilience import Deadline, Policy, Retry, RetryBudget, RetryPolicy, around, time_left

_FAILURES = frozenset({408, 429, 500, 502, 503, 504})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})

type Params = Mapping[str, str | int | float | Sequence[str]]


class RemoteFailedException(UnavailableException):
    """Another service answered that it can't answer now."""

    error_code = "REMOTE_FAILED"


class HttpClient:
    """Calls one other service.

    Args:
        name: of the other service, as errors name it.
        config: where it is, and how long to wait.
        sender: the way to the network.
        auth: proves who is calling.
        policies: around every attempt, such as a CircuitBreaker or a Bulkhead.
    """

    def __init__(
        self,
        name: str,
        config: HttpClientConfig,
        sender: HttpSender,
        *,
        auth: Auth | None = None,
        policies: Sequence[Policy] = (),
    ) -> None:
        self._name = name
        self._config = config
        self._sender = sender
        self._auth = auth
        attempt = around(policies, self._attempt)
        deadline = Deadline(config.timeout)
        retry = RetryPolicy(Retry(attempts=config.attempts), budget=RetryBudget())
        self._send_once = around([deadline], attempt)
        self._send_repeatedly = around([deadline, retry], attempt)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Sends a request, and again if that is harmless and may help.

        A request is repeated if its method, or an `Idempotency-Key`, says that it may be.

        Args:
            method: such as `GET`.
            path: below the base URL; what comes from users is to be quoted.
            params: the query; a sequence repeats its name.
            json: the body as a value.
            body: the body as bytes.
            headers: besides those of the client.

        Raises:
            RemoteFailedException: the last answer was 408, 429, 500, 502, 503 or 504.
            UnavailableException: there was no answer in time.
        """
        if json is not None:
            body = json_module.dumps(json).encode()
            headers = {"content-type": "application/json", **_lower(headers)}
        request = HttpRequest(
            method=method.upper(),
            url=self._url(path, params),
            headers={**_lower(self._config.headers), **self._conversation(), **_lower(headers)},
            body=body,
            timeout=self._config.attempt_timeout,
            connect_timeout=self._config.connect_timeout,
        )
        is_repeatable = request.method in _REPEATABLE or "idempotency-key" in request.headers
        return await (self._send_repeatedly if is_repeatable else self._send_once)(request)

    async def get(self, path: str, *, params: Params | None = None) -> HttpResponse:
        """Sends a GET."""
        return await self.request("GET", path, params=params)

    async def post(self, path: str, *, json: object = None) -> HttpResponse:
        """Sends a POST."""
        return await self.request("POST", path, json=json)

    async def put(self, path: str, *, json: object = None) -> HttpResponse:
        """Sends a PUT."""
        return await self.request("PUT", path, json=json)

    async def delete(self, path: str) -> HttpResponse:
        """Sends a DELETE."""
        return await self.request("DELETE", path)

    def _url(self, path: str, params: Params | None) -> str:
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        return f"{self._config.base_url.rstrip('/')}/{path.lstrip('/')}{query}"

    def _conversation(self) -> Mapping[str, str]:
        headers = trace_headers()
        if current_context().correlation_id:
            headers["x-correlation-id"] = current_context().correlation_id
        if self._config.consumer_id:
            headers["x-consumer-id"] = self._config.consumer_id
        return headers

    async def _attempt(self, request: HttpRequest) -> HttpResponse:
        proof = _lower(await self._auth.headers()) if self._auth else {}
        left = time_left()
        limit = request.timeout if left is None else max(0.001, min(request.timeout, left))
        response = await self._sender.send(
            replace(request, headers={**request.headers, **proof}, timeout=limit)
        )
        if response.status in _FAILURES:
            raise RemoteFailedException(
                f"{self._name} answered {response.status}", retry_after=_retry_after(response)
            )
        return response


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


def _retry_after(response: HttpResponse) -> float | None:
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
