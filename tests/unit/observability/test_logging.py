"""Every record of the process becomes one clean line, whoever wrote it."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from fastapi_chassis.application import MessageContext, use_context
from fastapi_chassis.config import EnvironmentEnum, LoggingConfig
from fastapi_chassis.observability import setup_logging
from fastapi_chassis.observability.logging import LineHandler

CANARY = "c4n4ry-7f3a9e"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def as_json(level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    setup_logging(LoggingConfig(level=level, format="json"), service="shop", stream=stream)
    return stream


def test_the_standard_library_and_structlog_write_the_same_lines() -> None:
    stream = as_json()
    with use_context(MessageContext(correlation_id="c-1")):
        logging.getLogger("shop.items").info("added %s", 7, extra={"item": {"id": 7}})
        structlog.get_logger("shop.items").info("added 7", item={"id": 7})
    first, second = lines(stream)
    assert first.pop("timestamp") <= second.pop("timestamp")
    assert first == second
    assert first == {
        "event": "added 7",
        "level": "info",
        "logger": "shop.items",
        "service": "shop",
        "correlation_id": "c-1",
        "item": {"id": 7},
    }


@pytest.mark.parametrize(
    ("environment", "form", "is_json"),
    [
        ("development", "auto", False),
        ("test", "auto", False),
        ("staging", "auto", True),
        ("production", "auto", True),
        ("development", "json", True),
        ("production", "console", False),
    ],
)
def test_the_form_follows_the_environment_unless_it_is_set(
    environment: str, form: str, is_json: bool
) -> None:
    stream = io.StringIO()
    setup_logging(LoggingConfig(format=form), environment=EnvironmentEnum(environment), stream=stream)
    logging.getLogger("shop").warning("hello")
    assert stream.getvalue().startswith("{") == is_json
    assert "hello" in stream.getvalue()


def test_the_level_is_obeyed() -> None:
    stream = as_json("WARNING")
    logging.getLogger("shop").info("quiet")
    structlog.get_logger("shop").info("quiet")
    logging.getLogger("shop").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_a_second_call_replaces_the_first() -> None:
    first, second = as_json(), as_json()
    logging.getLogger("shop").warning("once")
    assert (len(lines(first)), len(lines(second))) == (0, 1)


def test_exceptions_stand_in_a_field() -> None:
    stream = as_json()
    try:
        raise ValueError("wrong")
    except ValueError:
        logging.getLogger("shop").exception("failed")
        structlog.get_logger("shop").exception("failed")
    assert [str(line["exception"]).endswith("ValueError: wrong") for line in lines(stream)] == [True, True]


def test_warnings_are_logged() -> None:
    stream = as_json()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old ways", stacklevel=1)
    assert "old ways" in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_nobody_forges_a_line(form: str) -> None:
    stream = io.StringIO()
    setup_logging(LoggingConfig(format=form), stream=stream)
    logging.getLogger("shop").warning("user %s", "ann\n{}\r\n\x1b[2Kadmin\u2028x")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


class Login:
    def __init__(self) -> None:
        self.password = CANARY

    def __repr__(self) -> str:
        return f"Login(password={self.password!r})"


@pytest.mark.requirement("MISTAKE-12")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_canary_never_appears_at_debug(form: str) -> None:
    stream = io.StringIO()
    setup_logging(LoggingConfig(level="DEBUG", format=form), stream=stream)
    log = logging.getLogger("vendor")
    log.debug("connecting to postgresql://app:%s@db/shop", CANARY)
    log.debug("headers %s", {"Authorization": f"Bearer {CANARY}", "Cookie": f"sid={CANARY}"})
    log.debug("form", extra={"form": {"user": "ann", "items": [{"client_secret": CANARY}]}})
    log.debug("%r", Login())
    log.debug("extra", extra={"login": Login(), "password": CANARY})
    structlog.get_logger("own").debug("token", api_key=CANARY, url=f"https://x/?token={CANARY}")
    try:
        try:
            raise ConnectionError(f"redis://:{CANARY}@cache is away")
        except ConnectionError as cause:
            raise RuntimeError(f"Authorization: Bearer {CANARY}") from cause
    except RuntimeError:
        log.exception("failed with password=%s", CANARY)
    assert stream.getvalue().count("vendor") >= 6
    assert CANARY not in stream.getvalue()


@pytest.mark.requirement("MISTAKE-12")
def test_a_record_that_cannot_be_written_shows_no_argument(capsys: pytest.CaptureFixture[str]) -> None:
    stream = as_json()
    log = logging.getLogger("broken")
    others = [handler for handler in logging.getLogger().handlers if not isinstance(handler, LineHandler)]
    for handler in others:  # pytest's own, which would show the argument
        logging.getLogger().removeHandler(handler)
    log.warning("%d", CANARY)
    assert "could not be written: TypeError" in stream.getvalue()
    assert CANARY not in stream.getvalue() + "".join(capsys.readouterr())
