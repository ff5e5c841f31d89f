from fastapi_chassis.api.problems import status_of
from fastapi_chassis.api.refusals import (
    BodyTooLargeException,
    HeadersTooLargeException,
    RefusedRequestException,
)


def test_the_edge_has_statuses_of_its_own() -> None:
    assert status_of(BodyTooLargeException(10)) == 413
    assert status_of(HeadersTooLargeException("too many")) == 431
    assert status_of(RefusedRequestException("no")) == 400


def test_a_body_that_is_too_large_tells_the_limit() -> None:
    assert BodyTooLargeException(10).details == {"limit": 10}
