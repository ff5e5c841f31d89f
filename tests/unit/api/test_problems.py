import pytest

from fastapi_chassis.api.problems import STATUS, problem_response, status_of, title_of
from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
)

FAMILY = {
    ValidationException: 422,
    NotFoundException: 404,
    AlreadyExistsException: 409,
    ConflictException: 409,
    UnauthenticatedException: 401,
    ForbiddenException: 403,
    RateLimitedException: 429,
    UnavailableException: 503,
    AppException: 400,
}


@pytest.mark.requirement("DOM-4")
def test_every_member_of_the_family_has_its_status() -> None:
    assert {kind: STATUS[kind] for kind in FAMILY} == FAMILY


@pytest.mark.requirement("DOM-4")
def test_an_exception_of_a_service_has_the_status_of_what_it_derives_from() -> None:
    class OutOfStockException(ConflictException):
        pass

    assert status_of(OutOfStockException("none left")) == 409


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (422, "Unprocessable Content"),
        (499, "Client Error"),
        (599, "Server Error"),
    ],
)
def test_titles_are_the_same_on_every_python(status: int, title: str) -> None:
    assert title_of(status) == title


def test_what_cannot_be_encoded_is_replaced() -> None:
    members = {
        "detail": "\ud800",
        "\udfff": [1, ("\ud800",)],
        "raw": b"\xff",
        "much": float("inf"),
        "odd": object,
    }

    response = problem_response(400, members)

    body = bytes(response.body).decode()
    assert '"detail":"?"' in body
    assert '"?":[1,["?"]]' in body
    assert '"much":null' in body


def test_members_without_a_value_are_left_out() -> None:
    body = bytes(problem_response(404, {"detail": "", "errors": None, "count": 0, "is_new": False}).body)

    assert body == b'{"type":"about:blank","title":"Not Found","status":404,"count":0,"is_new":false}'
