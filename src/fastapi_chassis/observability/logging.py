"""setup_logging(): every log record of the process becomes one clean line."""

import contextlib
import logging
import sys
from typing import TextIO, override

from fastapi_chassis.config import EnvironmentEnum, LoggingConfig
from fastapi_chassis.observability.processors import (
    clean,
    constant,
    conversation,
    without_formatted,
)
from fastapi_chassis.observability.rendering import as_json, as_text


class LineHandler(logging.StreamHandler[TextIO]):
    """The handler that `setup_logging` puts on the root logger, and finds there again."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        # the standard library would print the arguments as they are, secrets included
        fault = type(sys.exception()).__name__
        line = (
            f"{record.name}: the record of {record.filename}:{record.lineno} could not be written: {fault}\n"
        )
        with contextlib.suppress(Exception):
            self.stream.write(line)


def setup_logging(
    config: LoggingConfig,
    *,
    environment: EnvironmentEnum = EnvironmentEnum.DEVELOPMENT,
    service: str = "",
    stream: TextIO | None = None,
) -> None:
    """Sends the records of the standard library and of structlog through one chain to one stream.

    Called again, it replaces what it did before; handlers of others on the root logger stay.

    Args:
        config: level and format.
        environment: decides what the format `auto` is.
        service: a name that stands in every record.
        stream: where lines go; standard error by default.
    """
    is_json = config.format == "json" or (config.format == "auto" and environment.is_production_like)
    handler = LineHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(is_json=is_json, service=service))
    root = logging.getLogger()
    for other in [each for each in root.handlers if isinstance(each, LineHandler)]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(config.level)
    logging.captureWarnings(True)  # noqa: FBT003 - the standard library's own name for it


def _formatter(*, is_json: bool, service: str) -> logging.Formatter:
    import structlog  # it loads rich, which a program that doesn't log need not wait for

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        conversation,
        *([constant(service=service)] if service else []),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), without_formatted],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            clean,
            as_json if is_json else as_text,
        ],
    )
