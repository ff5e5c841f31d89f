"""Security headers: what tells a browser to be careful with every response."""

from fastapi_chassis.config import EnvironmentEnum, RootConfig

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def security_headers(config: RootConfig) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the headers of every response; browsers are bound to TLS outside development and test."""
    if config.environment in {EnvironmentEnum.DEVELOPMENT, EnvironmentEnum.TEST}:
        return _ALWAYS
    return (*_ALWAYS, _HSTS)
