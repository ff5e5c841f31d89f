"""Requests and answers are values that can't be broken apart, and show no secret."""

import pytest

from fastapi_chassis.domain import ConflictException, NotFoundException
from fastapi_chassis.http import HttpRequest, HttpResponse, UnexpectedAnswerException

URL = "https://catalogue/items"


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET /x", URL, {}),
        ("", URL, {}),
        ("GET", f"{URL}\r\nX: y", {}),
        ("GET", f"{URL}/a b", {}),
        ("GET", "file:///etc/passwd", {}),
        ("GET", "/items", {}),
        ("GET", URL, {"X": "a\r\nY: b"}),
        ("GET", URL, {"X": "a\x00"}),
        ("GET", URL, {"X: y": "a"}),
        ("GET", URL, {"": "a"}),
    ],
)
def test_what_would_break_the_message_is_refused(method: str, url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        HttpRequest(method=method, url=url, headers=headers)


def test_headers_are_found_by_their_names_in_lower_case() -> None:
    assert HttpRequest(method="GET", url=URL, headers={"X-One": "1"}).headers["x-one"] == "1"
    assert HttpResponse(status=200, headers={"ETag": "7"}).headers == {"etag": "7"}


def test_a_repr_shows_neither_headers_nor_body() -> None:
    request = HttpRequest(method="GET", url=URL, headers={"authorization": "c4n4ry"}, body=b"c4n4ry")
    response = HttpResponse(status=200, headers={"set-cookie": "c4n4ry"}, body=b"c4n4ry")
    assert "c4n4ry" not in f"{request!r}{response!r}"


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"caf\xc3\xa9", "text/plain", "café"),
        (b"caf\xe9", 'text/plain; charset="ISO-8859-1"', "café"),
        (b"caf\xe9", "text/plain; charset=unheard-of", "caf\ufffd"),
        (b"\xff", "", "\ufffd"),
    ],
)
def test_text_is_read_by_its_character_set(body: bytes, kind: str, text: str) -> None:
    assert HttpResponse(status=200, headers={"content-type": kind}, body=body).text == text


def test_json_is_read_or_refused() -> None:
    assert HttpResponse(status=200, body=b'{"a": [1]}').json() == {"a": [1]}
    with pytest.raises(UnexpectedAnswerException):
        HttpResponse(status=200, body=b"<html>").json()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, NotFoundException),
        (410, NotFoundException),
        (409, ConflictException),
        (412, ConflictException),
        (302, UnexpectedAnswerException),
        (401, UnexpectedAnswerException),
        (422, UnexpectedAnswerException),
    ],
)
def test_an_answer_that_is_no_success_is_told_in_our_words(status: int, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        HttpResponse(status=status).raise_for_status()


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_passes(status: int) -> None:
    HttpResponse(status=status).raise_for_status()
