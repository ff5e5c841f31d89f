from uuid import uuid4

import pytest
from fastapi import Response

from fastapi_chassis.api import etag_of, set_etag
from fastapi_chassis.api.etag import expected_version
from fastapi_chassis.application import Principal
from fastapi_chassis.domain import ValidationException
from tests.unit.api.stand import build, problem, speaking


class Writer:
    async def authenticate(self, token: str) -> Principal:
        return Principal(token, frozenset({"items:write"}))


@pytest.mark.requirement("DOM-6")
@pytest.mark.parametrize(
    ("if_match", "version"), [(None, None), ("*", None), ('"3"', 3), (' W/"12" ', 12)], ids=str
)
async def test_if_match_states_a_version(if_match: str | None, version: int | None) -> None:
    assert await expected_version(if_match) == version


@pytest.mark.parametrize("if_match", ["3", '""', '"-1"', '"1", "2"', '"٣"', '"' + "9" * 30 + '"', "\x00"])
async def test_what_is_no_tag_of_ours_is_invalid(if_match: str) -> None:
    with pytest.raises(ValidationException) as told:
        await expected_version(if_match)
    assert list(told.value.errors) == ["If-Match"]


@pytest.mark.requirement("DOM-6")
async def test_a_route_refuses_another_version_with_412() -> None:
    path, bearer = f"/api/items/{uuid4()}", {"Authorization": "Bearer ada"}
    async with speaking(build(authenticator=Writer())) as client:
        assert (await client.put(path, headers=bearer)).json() == 4
        assert (await client.put(path, headers=bearer | {"If-Match": '"3"'})).json() == 4
        response = await client.put(path, headers=bearer | {"If-Match": '"2"'})
        invalid = await client.put(path, headers=bearer | {"If-Match": "two"})

    assert problem(response, 412)["current_version"] == 3
    assert response.headers["etag"] == '"3"'
    problem(invalid, 422)


def test_an_answer_carries_its_version() -> None:
    response = Response()
    set_etag(response, 3)
    assert response.headers["etag"] == etag_of(3) == '"3"'
