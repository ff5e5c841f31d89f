"""Logs, traces, metrics and what they may never show; enter by setup_logging(config)."""

from fastapi_chassis.observability.logging import setup_logging
from fastapi_chassis.observability.metrics import OpenTelemetryMeter, error_type_of
from fastapi_chassis.observability.redaction import MASK, SENSITIVE_KEYS, is_sensitive, redact, redact_text
from fastapi_chassis.observability.tracing import OpenTelemetryTracer, trace_headers

__all__ = (
    "MASK",
    "SENSITIVE_KEYS",
    "OpenTelemetryMeter",
    "OpenTelemetryTracer",
    "error_type_of",
    "is_sensitive",
    "redact",
    "redact_text",
    "setup_logging",
    "trace_headers",
)
