"""Schemathesis: cases made of the OpenAPI document, good ones and bad ones, against the whole service."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.testing import frozen, open_application

from .conftest import NOW, built, quick_passwords
from .operations import SNAPSHOT
from .shop import Member, Shop

SEED = 20270301
EXAMPLES = 30
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_path(SNAPSHOT)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
CASES = [(one, GenerationMode.POSITIVE) for one in OPERATIONS]
CASES += [(one, GenerationMode.NEGATIVE) for one in OPERATIONS if one.body or list(one.iter_parameters())]


@dataclass
class Served:
    """The service in a loop of its own, since hypothesis calls from outside of any."""

    runner: asyncio.Runner
    shop: Shop
    caller: Member

    def answer(self, case: schemathesis.Case) -> Response:
        return self.runner.run(self._answer(case))

    async def _answer(self, case: schemathesis.Case) -> Response:
        headers = {"Authorization": f"Bearer {self.caller.access}"}
        if "refresh" in case.operation.path:
            headers = {"Authorization": f"Bearer {self.caller.refresh}"}
        described = case.as_transport_kwargs(base_url="http://test", headers=headers)
        prepared = requests.Request(**_of_requests(described)).prepare()
        # another Host header is refused before any route is looked for
        kept = [(name, value) for name, value in prepared.headers.items() if name.lower() != "host"]
        sent = httpx2.Request(prepared.method, prepared.url, headers=kept, content=_content(prepared))
        return Response.from_any(await self.shop.client.send(sent))


def _of_requests(described: dict) -> dict:
    return {name: value for name, value in described.items() if name not in {"timeout", "verify", "stream"}}


def _content(prepared: requests.PreparedRequest) -> bytes:
    body = prepared.body or b""
    return body.encode() if isinstance(body, str) else body


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    async def opened() -> Shop:
        return Shop(await application.__aenter__())

    async def closed() -> None:
        await application.__aexit__(None, None, None)

    async def caller(shop: Shop) -> Member:
        return await shop.administrator()

    application = open_application(built(None, frozen(FrozenClock(NOW)), quick_passwords()))
    with asyncio.Runner() as runner:
        shop = runner.run(opened())
        yield Served(runner, shop, runner.run(caller(shop)))
        runner.run(closed())


@pytest.mark.requirement("API-1", "API-6")
@pytest.mark.parametrize(("operation", "mode"), CASES, ids=str)
def test_the_service_is_what_its_document_says(
    served: Served, operation: APIOperation, mode: GenerationMode
) -> None:
    checks = [*CHECKS, negative_data_rejection] if operation.body else CHECKS

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def told(case: schemathesis.Case) -> None:
        case.validate_response(served.answer(case), checks=checks)

    told()
