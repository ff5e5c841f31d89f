import asyncio
import logging
from typing import Annotated

import pytest
from fastapi import Body, FastAPI, Request, UploadFile
from fastapi.responses import StreamingResponse
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from fastapi_chassis.application import Principal, current_context
from fastapi_chassis.security import Public
from tests.unit.api.stand import Exchange, build, problem, speaking

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
JSON = (b"content-type", b"application/json")
HOST = (b"host", b"stand")


class Ada:
    async def authenticate(self, token: str) -> Principal:
        return Principal(token)


@pytest.mark.requirement("API-2")
async def test_the_correlation_id_comes_back_and_is_one_everywhere() -> None:
    async with speaking(build()) as client:
        mine = await client.get("/api/context/sync", headers={"X-Correlation-Id": "order-1"})
        made = await client.get("/api/context/sync")
        missing = await client.get("/nowhere", headers={"X-Correlation-Id": "order-2"})

    assert mine.headers["x-correlation-id"] == mine.json()["correlation_id"] == "order-1"
    assert made.headers["x-correlation-id"] == made.json()["correlation_id"]
    assert problem(missing, 404)["trace_id"] == missing.headers["x-correlation-id"] == "order-2"


@pytest.mark.requirement("API-2")
async def test_trace_context_reaches_the_route_and_names_the_problem() -> None:
    async with speaking(build()) as client:
        response = await client.get("/api/context/sync", headers={"traceparent": TRACE, "tracestate": "a=b"})
        missing = await client.get("/nowhere", headers={"traceparent": TRACE, "X-Correlation-Id": "order-1"})

    assert response.json()["headers"] == {"traceparent": TRACE, "tracestate": "a=b"}
    assert problem(missing, 404)["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.requirement("API-2")
async def test_a_span_of_the_server_is_the_parent_of_what_follows() -> None:
    span = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, False, TraceFlags(1))
    with use_span(NonRecordingSpan(span)):
        async with speaking(build()) as client:
            told = (await client.get("/api/context/sync")).json()

    assert told["headers"] == {"traceparent": TRACE}


async def test_the_context_is_that_of_the_request_also_in_threads_and_under_load() -> None:
    async with speaking(build(authenticator=Ada())) as client:

        async def ask(number: int) -> bool:
            headers = {"X-Correlation-Id": f"c-{number}", "Authorization": f"Bearer user-{number}"}
            told = (await client.get("/api/context/sync", headers=headers)).json()
            return (told["correlation_id"], told["caller"]) == (f"c-{number}", f"user-{number}")

        assert all(await asyncio.gather(*(ask(number) for number in range(100))))
    assert current_context().principal is None


@pytest.mark.requirement("DOM-7")
async def test_an_idempotency_key_reaches_the_message_of_an_unsafe_request() -> None:
    async with speaking(build()) as client:
        key = {"Idempotency-Key": '"order-1"'}
        assert (await client.post("/api/key", headers=key)).json() == '"order-1"'
        assert (await client.post("/api/key")).json() is None
        refused = await client.post("/api/key", headers={"Idempotency-Key": "x" * 256})
        assert (await client.get("/api/items/", headers={"Idempotency-Key": "a b"})).status_code == 200

    assert problem(refused, 400)["error_code"] == "INVALID_IDEMPOTENCY_KEY"


async def test_responses_to_known_callers_are_not_stored() -> None:
    async with speaking(build(authenticator=Ada())) as client:
        known = await client.get("/api/items/", headers={"Authorization": "Bearer ada"})
        unknown = await client.get("/api/items/")

    assert known.headers["cache-control"] == "no-store"
    assert "cache-control" not in unknown.headers


async def test_connections_are_closed_while_the_service_drains() -> None:
    app = build()
    async with speaking(app) as client:
        assert "connection" not in (await client.get("/api/items/")).headers
        app.state.chassis.draining = True
        assert (await client.get("/api/items/")).headers["connection"] == "close"


@pytest.mark.requirement("API-3")
@pytest.mark.parametrize(
    "headers", [(), (HOST, HOST), ((b"host", b"evil.example"),)], ids=["none", "two", "foreign"]
)
async def test_a_request_for_another_host_is_refused(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    exchange = await Exchange(build(allowed_hosts=["stand"]), headers=headers).run()

    assert exchange.status == 400
    assert exchange.json["error_code"] == "INVALID_HOST"
    assert exchange.answer_headers["x-content-type-options"] == "nosniff"


@pytest.mark.requirement("API-3")
async def test_too_many_headers_are_431() -> None:
    many = tuple((f"x-{number}".encode(), b"1") for number in range(120))
    exchange = await Exchange(build(), headers=(HOST, *many)).run()

    assert exchange.status == 431
    assert exchange.json["error_code"] == "HEADERS_TOO_LARGE"


@pytest.mark.requirement("API-1", "API-3")
@pytest.mark.parametrize(
    "exchange",
    [
        {"headers": (HOST, JSON, (b"content-length", b"101")), "body": (b"x",)},
        {"body": (b'"' + b"x" * 60, b"x" * 60)},
        {"path": "/own", "headers": (HOST, JSON, (b"content-length", b"1001")), "body": (b"x" * 1001,)},
        {"path": "/own", "body": (b'"' + b"x" * 1001,)},
    ],
    ids=["declared", "streamed", "declared, limit of the route", "streamed, limit of the route"],
)
async def test_a_body_that_is_too_large_is_a_problem(exchange: dict[str, object]) -> None:
    async def take(body: Annotated[str, Body()]) -> int:
        return len(body)

    def routes(app: FastAPI) -> None:
        app.add_api_route("/own", take, methods=["POST"], dependencies=[Public], max_body_size=1_000)

    done = await Exchange(build(max_body_size=100, routes=routes), **exchange).run()  # type: ignore[arg-type]

    assert done.status == 413
    assert done.json["error_code"] == "CONTENT_TOO_LARGE"
    assert done.answer_headers["connection"] == "close"
    assert done.answer_headers["content-type"] == "application/problem+json"
    assert done.answer_headers["x-content-type-options"] == "nosniff"


async def test_a_route_may_take_more_than_the_others() -> None:
    async def take(file: UploadFile) -> int:
        return len(await file.read())

    def routes(app: FastAPI) -> None:
        app.add_api_route("/own", take, methods=["POST"], dependencies=[Public], max_body_size=10_000)

    async with speaking(build(max_body_size=100, routes=routes)) as client:
        assert (await client.post("/own", files={"file": b"\x00" * 5_000})).json() == 5_000


INPUT = {
    "empty": b"",
    "malformed": b'{"a":',
    "nan": b'{"a":NaN}',
    "nul": rb'{"a":"\u0000"}',
    "surrogate": rb'{"a":"\ud800"}',
    "surrogate as a name": rb'{"\ud800":1}',
    "65 bits": b'{"a":9223372036854775808}',
    "deep": b'{"a":' * 1_000,
    "deep and closed": b'{"a":' * 200 + b"1" + b"}" * 200,
    "no utf-8": b'{"a":"\xff"}',
    "exponent": b'{"a":1e999}',
    "a list": b"[]",
    "1 MB": b'{"a":"' + b"x" * 1_048_576 + b'"}',
}


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("body", INPUT.values(), ids=INPUT)
async def test_bad_input_is_a_problem_of_the_caller(body: bytes) -> None:
    for path in ("/api/echo", "/api/items/"):
        exchange = await Exchange(build(), path=path, body=(body,)).run()
        assert exchange.status in {413, 422}
        assert exchange.json["status"] == exchange.status


async def test_a_second_content_type_leads_nobody_past_the_guard() -> None:
    two = (HOST, JSON, (b"content-type", b"text/plain"))
    exchange = await Exchange(build(), headers=two, body=(rb'{"a":"\u0000"}',)).run()

    assert exchange.status == 422


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("kind", [b"text/plain", b"application/xml", b"multipart/form-data", b"\xff", b""])
async def test_a_wrong_content_type_is_a_problem_of_the_caller(kind: bytes) -> None:
    exchange = await Exchange(build(), headers=(HOST, (b"content-type", kind)), path="/api/items/").run()

    assert exchange.status == 422


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("path", ["/api/items/%00", "/api/items/%FF", "/%ED%A0%80"])
async def test_a_path_that_is_no_text_is_a_problem_of_the_caller(path: str) -> None:
    exchange = await Exchange(build(), method="GET", path=path).run()

    assert exchange.status == 422
    assert list(exchange.json["errors"]) == ["path"]


@pytest.mark.requirement("API-1")
@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775809", "9" * 400, "9" * 5_000])
async def test_numbers_beyond_64_bits_are_a_problem_of_the_caller(number: str) -> None:
    from fastapi_chassis.api import Int64

    async def tell(number: Int64) -> int:
        return number

    async with speaking(
        build(routes=lambda app: app.add_api_route("/n/{number}", tell, dependencies=[Public]))
    ) as client:
        problem(await client.get(f"/n/{number}"), 422)
        assert (await client.get("/n/9223372036854775807")).json() == 2**63 - 1


async def test_a_client_that_leaves_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def read(request: Request) -> int:
        return len(await request.body())

    app = build(routes=lambda app: app.add_api_route("/read", read, methods=["POST"], dependencies=[Public]))
    exchange = await Exchange(app, path="/read", body=(b'{"a":',), is_cut=True).run()

    assert exchange.sent == []
    assert [record.levelname for record in caplog.records if record.name == "fastapi_chassis.api"] == ["INFO"]


async def test_a_stream_that_breaks_is_logged_and_not_answered_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def parts() -> object:
        yield b"one"
        raise RuntimeError("in the middle")

    async def stream() -> StreamingResponse:
        return StreamingResponse(parts())

    app = build(routes=lambda app: app.add_api_route("/stream", stream, dependencies=[Public]))
    exchange = await Exchange(app, method="GET", path="/stream").run()

    assert [message["type"] for message in exchange.sent].count("http.response.start") == 1
    assert any(record.levelname == "ERROR" for record in caplog.records)


async def test_the_scope_of_a_request_that_fails_is_closed() -> None:
    app = build()
    async with speaking(app) as client:
        await client.get("/api/items/?after=forged")
        await client.get("/api/items/01a1fbcc-3787-7900-8d2c-c721dc191d91")

    assert app.state.chassis.open_scopes == app.state.chassis.closed_scopes


async def test_other_protocols_pass() -> None:
    app = build()
    seen: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "lifespan.shutdown" if seen else "lifespan.startup"}

    async def send(message: dict[str, object]) -> None:
        seen.append(message["type"])

    await app({"type": "lifespan", "app": app, "state": {}}, receive, send)  # type: ignore[arg-type]
    assert seen == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
