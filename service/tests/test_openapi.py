"""The OpenAPI document: committed, complete, and about the service that is served."""

import json
import os

import pytest

from fastapi_chassis.testing import TestApplication

from .operations import SNAPSHOT, document

PUBLIC = {
    ("post", "/api/auth/token"),
    ("post", "/api/v1/auth/sign-up/"),
    ("post", "/api/v1/auth/tokens/"),
    ("post", "/api/v1/users/"),
    ("get", "/api/health"),
    ("get", "/api/health/live"),
    ("get", "/api/health/ready"),
}


def operations() -> list[tuple[str, str, dict]]:
    return [
        (method, path, described)
        for path, methods in document()["paths"].items()
        for method, described in methods.items()
    ]


@pytest.mark.requirement("API-6")
async def test_the_committed_document_is_what_is_served(memory_app: TestApplication) -> None:
    served = (await memory_app.client.get("/api/openapi.json")).json()
    text = json.dumps(served, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_OPENAPI"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == text, (
        "the API has changed: look at it, then write the document with UPDATE_OPENAPI=1 pytest service/tests"
    )


@pytest.mark.requirement("API-6")
def test_every_error_is_documented_as_a_problem() -> None:
    for method, path, described in operations():
        if path.startswith("/api/health"):
            continue
        errors = {code: one for code, one in described["responses"].items() if code >= "400"}
        assert errors, f"{method} {path}"
        for code, response in errors.items():
            assert response["content"].keys() == {"application/problem+json"}, f"{method} {path} {code}"
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.requirement("API-6", "REF-2")
def test_protected_routes_name_their_scheme_and_the_pages_can_log_in() -> None:
    schemes = document()["components"]["securitySchemes"]
    assert schemes["login"]["flows"]["password"]["tokenUrl"] == "/api/auth/token"
    for method, path, described in operations():
        security = described.get("security", [])
        if (method, path) in PUBLIC:
            assert not security, f"{method} {path}"
        elif path == "/api/v1/auth/tokens/refresh/":
            assert security == [{"refresh": []}]
        elif path.startswith("/api/dead-letters"):  # routes of the library, which takes either
            assert security == [{"bearer": []}, {"login": []}]
        else:
            assert security == [{"login": []}], f"{method} {path}"
            assert "401" in described["responses"]


@pytest.mark.requirement("API-6")
def test_every_body_has_an_example_and_every_route_a_description() -> None:
    for method, path, described in operations():
        assert described.get("description") or described.get("summary"), f"{method} {path}"
        for kind, content in described.get("requestBody", {}).get("content", {}).items():
            if kind == "application/json":
                schema = content["schema"]
                assert content.get("examples") or schema.get("examples"), f"{method} {path}"


@pytest.mark.requirement("REF-1")
@pytest.mark.parametrize("path", ["health", "health/live", "health/ready", "docs", "redoc", "openapi.json"])
async def test_pages_and_probes_answer(memory_app: TestApplication, path: str) -> None:
    assert (await memory_app.client.get(f"/api/{path}")).status_code == 200
