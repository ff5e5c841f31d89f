import pytest

from fastapi_chassis.domain import (
    AlreadyExistsException,
    AppException,
    ChassisError,
    ConflictException,
    Finding,
    ForbiddenException,
    NotFoundException,
    RateLimitedException,
    UnauthenticatedException,
    UnavailableException,
    ValidationException,
    WiringError,
)

FAMILY: dict[type[AppException], str] = {
    ValidationException: "VALIDATION_ERROR",
    NotFoundException: "NOT_FOUND",
    AlreadyExistsException: "ALREADY_EXISTS",
    ConflictException: "CONFLICT",
    UnauthenticatedException: "UNAUTHENTICATED",
    ForbiddenException: "FORBIDDEN",
}


@pytest.mark.requirement("DOM-4")
@pytest.mark.parametrize(("kind", "code"), FAMILY.items(), ids=lambda value: str(value))
def test_every_member_has_message_code_and_details(kind: type[AppException], code: str) -> None:
    told = kind("a sentence", details={"key": 1})
    assert (told.message, told.error_code, told.details) == ("a sentence", code, {"key": 1})
    assert str(told) == "a sentence"
    assert kind("x", error_code="OWN").error_code == "OWN"
    assert kind("x").details == {}
    assert isinstance(told, AppException)


@pytest.mark.requirement("DOM-4")
def test_no_member_knows_http() -> None:
    members = (*FAMILY, AppException, RateLimitedException, UnavailableException)
    assert not [name for kind in members for name in dir(kind) if "status" in name or "http" in name]


@pytest.mark.requirement("DOM-4")
def test_validation_names_fields() -> None:
    told = ValidationException("wrong", errors={"email": ["taken"]})
    assert told.errors == {"email": ["taken"]}
    assert ValidationException("wrong").errors == {}


@pytest.mark.requirement("DOM-4")
def test_waiting_helps_where_it_is_said() -> None:
    assert RateLimitedException("slow down", retry_after=1.5).retry_after == 1.5
    assert RateLimitedException("slow down", retry_after=1).error_code == "RATE_LIMITED"
    assert UnavailableException("away").retry_after is None
    assert UnavailableException("away", retry_after=3).error_code == "UNAVAILABLE"


def test_details_are_a_copy() -> None:
    details: dict[str, object] = {"a": 1}
    told = ConflictException("x", details=details)
    details["b"] = 2
    assert told.details == {"a": 1}


def test_the_families_are_apart() -> None:
    assert not issubclass(ChassisError, AppException)
    assert not issubclass(AppException, ChassisError)


def test_an_operator_is_told_every_finding() -> None:
    first = Finding("no broker", where="application.yaml:3", remedy="set kafka.url.")
    error = WiringError(first, Finding("no handler"))
    assert error.findings == (first, Finding("no handler"))
    assert str(error) == "application.yaml:3: no broker\n   set kafka.url.\nno handler"
