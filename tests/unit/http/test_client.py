"""The client calls with the ids of the conversation, within its time, and again where that may help."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import perf_counter
from unittest.mock import patch

import pytest
from opentelemetry import trace

from fastapi_chassis.application import MessageContext, use_context
from fastapi_chassis.domain import NotFoundException, UnavailableException
from fastapi_chassis.http import (
    Auth,
    BearerAuth,
    HttpClient,
    HttpClientConfig,
    HttpResponse,
    InMemorySender,
    RemoteFailedException,
    build_mocked_aiohttp_response,
)
from fastapi_chassis.resilience import CircuitBreaker, CircuitOpenException, CircuitStateEnum, Deadline

BASE = "https://catalogue.internal/api"


@pytest.fixture
def sender() -> InMemorySender:
    return InMemorySender()


@pytest.fixture
def pauses() -> Iterator[list[float]]:
    """The pauses between attempts, which no test waits for."""
    seen: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds:  # the memory sender yields as well
            seen.append(seconds)
        await sleep(0)

    with patch("fastapi_chassis.resilience.retry.asyncio.sleep", pause):
        yield seen


def client(sender: InMemorySender, *, auth: Auth | None = None, **options: object) -> HttpClient:
    config = HttpClientConfig.model_validate({"base_url": f"{BASE}/", **options})
    return HttpClient("catalogue", config, sender, auth=auth)


def answer(status: int = 200, **options: str) -> HttpResponse:
    return build_mocked_aiohttp_response(status, headers=options)


async def test_a_call_says_what_it_should(sender: InMemorySender) -> None:
    sender.answer("POST", f"{BASE}/items", build_mocked_aiohttp_response(201, json={"id": 7}))
    calling = client(sender, auth=BearerAuth("t0ken"), headers={"X-Own": "1", "Accept": "a/b"})
    response = await calling.request(
        "post",
        "/items",
        json={"title": "Dune"},
        params={"dry": 1, "tag": ["a b", "c"]},
        headers={"accept": "c/d"},
    )
    assert response.json() == {"id": 7}
    (request,) = sender.requests
    assert request.url == f"{BASE}/items?dry=1&tag=a+b&tag=c"
    assert request.body == b'{"title": "Dune"}'
    assert request.headers == {
        "authorization": "Bearer t0ken",
        "x-own": "1",
        "accept": "c/d",
        "content-type": "application/json",
    }


async def test_each_verb(sender: InMemorySender) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        sender.answer(method, f"{BASE}/items/7", answer(204))
    calling = client(sender)
    await calling.get("/items/7", params={"full": "yes"})
    await calling.post("/items/7", json=[])
    await calling.put("items/7", json={"a": 1})
    await calling.delete("/items/7")
    assert [(request.method, request.body) for request in sender.requests] == [
        ("GET", None),
        ("POST", b"[]"),
        ("PUT", b'{"a": 1}'),
        ("DELETE", None),
    ]


async def test_the_conversation_goes_on_in_the_other_service(sender: InMemorySender) -> None:
    sender.answer("GET", f"{BASE}/items", answer())
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=trace.TraceFlags(1))
    with (
        use_context(MessageContext(correlation_id="c-1")),
        trace.use_span(trace.NonRecordingSpan(context)),
    ):
        await client(sender, consumer_id="shop").get("/items")
    headers = sender.requests[0].headers
    assert (headers["x-correlation-id"], headers["x-consumer-id"]) == ("c-1", "shop")
    assert headers["traceparent"].startswith(f"00-{0xABC:032x}-{0xDEF:016x}-")


@pytest.mark.parametrize("path", ["https://evil.example/x", "//evil.example/x"])
async def test_a_path_never_leads_to_another_host(sender: InMemorySender, path: str) -> None:
    with pytest.raises(UnavailableException):
        await client(sender, auth=BearerAuth("t0ken"), attempts=1).get(path)
    assert sender.requests[0].url.startswith(f"{BASE}/")


@pytest.mark.requirement("MISTAKE-4")
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_tried_again(
    sender: InMemorySender, pauses: list[float], status: int
) -> None:
    sender.answer("GET", f"{BASE}/items", answer(status), answer(status), answer(200))
    assert (await client(sender).get("/items")).status == 200
    assert len(pauses) == 2


async def test_the_last_failure_is_told_without_internals(
    sender: InMemorySender, pauses: list[float]
) -> None:
    sender.answer("GET", f"{BASE}/items", answer(503))
    with pytest.raises(RemoteFailedException) as failure:
        await client(sender, attempts=2).get("/items")
    assert failure.value.message == "catalogue answered 503"
    assert len(sender.requests) == 2


async def test_a_connection_that_fails_is_tried_again(sender: InMemorySender, pauses: list[float]) -> None:
    sender.answer("GET", f"{BASE}/items", UnavailableException("refused"), answer(200))
    assert (await client(sender).get("/items")).status == 200


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_an_answer_is_an_answer(sender: InMemorySender, status: int) -> None:
    sender.answer("GET", f"{BASE}/items", answer(status))
    assert (await client(sender).get("/items")).status == status
    assert len(sender.requests) == 1


async def test_what_is_not_harmless_to_repeat_is_sent_once(sender: InMemorySender) -> None:
    sender.answer("POST", f"{BASE}/items", answer(503))
    with pytest.raises(RemoteFailedException):
        await client(sender).post("/items", json={})
    assert len(sender.requests) == 1


async def test_an_idempotency_key_makes_it_harmless(sender: InMemorySender, pauses: list[float]) -> None:
    sender.answer("POST", f"{BASE}/items", answer(503), answer(201))
    response = await client(sender).request("POST", "/items", headers={"Idempotency-Key": "k-1"})
    assert response.status == 201
    assert len(sender.requests) == 2


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        ("2", 2.0),
        (" 3 ", 3.0),
        (timedelta(seconds=5), 3.0),
        (timedelta(days=-1), 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("-1", 0.0),
    ],
)
async def test_it_waits_as_long_as_the_other_side_asks(
    sender: InMemorySender, pauses: list[float], asked: str | timedelta, least: float
) -> None:
    if isinstance(asked, timedelta):
        asked = format_datetime(datetime.now(UTC) + asked, usegmt=True)
    failure = build_mocked_aiohttp_response(503, headers={"Retry-After": asked})
    sender.answer("GET", f"{BASE}/items", failure, answer(200))
    await client(sender, timeout=60).get("/items")
    assert least <= pauses[0] <= least + 2.2


async def test_a_call_ends_with_its_time(sender: InMemorySender) -> None:
    sender.answer("GET", f"{BASE}/items", answer(), delay=30)
    began = perf_counter()
    with pytest.raises(UnavailableException):
        await client(sender, timeout=0.05, attempts=10).get("/items")
    assert perf_counter() - began < 5


async def test_an_attempt_never_outlasts_the_deadline_of_the_message(sender: InMemorySender) -> None:
    sender.answer("GET", f"{BASE}/items", answer())
    calling = client(sender)

    async def handle(path: str) -> HttpResponse:
        return await calling.get(path)

    await Deadline(0.5)("/items", handle)
    assert 0 < sender.requests[0].timeout <= 0.5
    await calling.get("/items")
    assert (sender.requests[1].timeout, sender.requests[1].connect_timeout) == (5, 2)


@pytest.mark.requirement("MISTAKE-4")
async def test_a_breaker_opens_on_failures_and_never_on_404(
    sender: InMemorySender, pauses: list[float]
) -> None:
    breaker = CircuitBreaker("catalogue", failures=3)
    calling = HttpClient("catalogue", HttpClientConfig(base_url=BASE, attempts=1), sender, policies=[breaker])
    sender.answer("GET", f"{BASE}/missing", answer(404))
    for _ in range(5):
        with pytest.raises(NotFoundException):
            (await calling.get("/missing")).raise_for_status()
    assert breaker.state is CircuitStateEnum.CLOSED
    sender.answer("GET", f"{BASE}/items", answer(503))
    for _ in range(3):
        with pytest.raises(RemoteFailedException):
            await calling.get("/items")
    with pytest.raises(CircuitOpenException):
        await calling.get("/items")
    assert len(sender.requests) == 8
