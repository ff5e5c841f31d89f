"""What staging and production refuse: missing, short and published secrets, and switches for development."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic.types import Secret, SecretStr
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from fastapi_chassis.config.environment import EnvironmentEnum

KNOWN_DEFAULTS = (
    *("admin", "change", "changeit", "changeme", "changethis", "default", "dev", "development", "example"),
    *(
        "guest",
        "insecure",
        "minioadmin",
        "pass",
        "password",
        "postgres",
        "root",
        "secret",
        "secretkey",
        "test",
    ),
    *("testing", "yoursecretkey"),
)

_OWN = "set your own, from a variable or a mounted file"
_LOOPBACK = {"localhost", "127.0.0.1", "::1", ""}


def is_known_default(secret: str, known: tuple[str, ...] = KNOWN_DEFAULTS) -> bool:
    """Whether the text is a published default, also repeated or numbered: `changeme`, `secret-secret-1`."""
    letters = re.sub(r"[\W_\d]+", "", secret.casefold())
    words = "|".join(re.escape(re.sub(r"[\W_\d]+", "", word.casefold())) for word in known)
    return bool(letters) and re.fullmatch(f"(?:{words})+", letters) is not None


def refusal(what: str, remedy: str) -> PydanticCustomError:
    """A validation error that keeps its remedy apart, so that a finding can show both."""
    return PydanticCustomError("refused", "{what}", {"what": what, "remedy": remedy})


def secret_text(value: object) -> str | None:
    """The text of a secret value, or None if the value isn't a secret text."""
    revealed = value.get_secret_value() if isinstance(value, SecretStr | Secret) else None
    return revealed if isinstance(revealed, str) else None


def environment_of(info: ValidationInfo) -> EnvironmentEnum | None:
    """The environment that a configuration is validated for; None outside the loader."""
    context = info.context
    return context.get("environment") if isinstance(context, dict) else None


def _is_refusing(info: ValidationInfo) -> bool:
    environment = environment_of(info)
    return environment is not None and environment.is_production_like


@dataclass(frozen=True, slots=True)
class ProductionRule:
    """Marks a field whose value may be refused outside development and test, as in `Annotated[bool, rule]`.

    Args:
        refuses: whether a validated value is refused.
        what: what is wrong, in one sentence without the value.
        remedy: what to do about it.
    """

    refuses: Callable[[object], bool]
    what: str
    remedy: str

    def check(self, value: object, info: ValidationInfo) -> object:
        """Return the value, or refuse it where the environment is production-like."""
        if _is_refusing(info) and self.refuses(value):
            raise refusal(self.what, self.remedy)
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))


@dataclass(frozen=True, slots=True)
class ProductionSecret:
    """Marks a secret that outside development and test must be set, long enough, and no published default.

    Args:
        min_length: characters that the secret needs at least.
        known_defaults: published defaults that are refused besides the common ones.
    """

    min_length: int = 32
    known_defaults: tuple[str, ...] = ()

    def check(self, value: object, info: ValidationInfo) -> object:
        """Return the secret, or refuse it where the environment is production-like."""
        if not _is_refusing(info):
            return value
        text = secret_text(value) or ""
        if not text:
            raise refusal("this secret is not set", _OWN)
        if is_known_default(text, KNOWN_DEFAULTS + self.known_defaults) or text in self.known_defaults:
            raise refusal("this secret is a well-known default", _OWN)
        if len(text) < self.min_length:
            raise refusal(f"this secret is shorter than {self.min_length} characters", _OWN)
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))


def refuse_published_passwords(value: object, info: ValidationInfo) -> object:
    """Refuse published passwords in any secret or URL, and unencrypted databases beyond this machine."""
    if not _is_refusing(info):
        return value
    texts = value if isinstance(value, list | tuple) else [value]
    for item in texts:
        secret = secret_text(item)
        text = secret if secret is not None else item
        if isinstance(text, str) and "://" in text:
            _check_url(text)
        elif secret and is_known_default(secret):
            raise refusal("this secret is a well-known default", _OWN)
    return value


def _check_url(text: str) -> None:
    try:
        url = urlsplit(text)
        password, host = unquote(url.password or ""), url.hostname or ""
    except ValueError:
        return
    if is_known_default(password):
        raise refusal(
            "the password in this URL is a well-known default", "put a password of your own into the URL"
        )
    if re.search(r"sslmode=disable|(?<![a-z])ssl=(?:false|disable)", url.query) and host not in _LOOPBACK:
        raise refusal("this URL turns encryption off towards another machine", "use sslmode=verify-full")
