"""Pydantic's errors in plain words."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "decimal": "a number",
    "is_decimal": "a number",
    "bool": "true or false",
    "string": "text",
    "bytes": "text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "iterable": "a list",
    "dict": "a section of keys",
    "mapping": "a section of keys",
    "model": "a section of keys",
    "dataclass": "a section of keys",
    "none_required": "nothing",
    "date": "a date, as 2026-01-31",
    "datetime": "an instant, as 2026-01-31T12:00:00Z",
    "timezone": "an instant with its time zone",
    "time_delta": "a duration, as seconds or PT30S",
    "time": "a time, as 12:30:00",
    "uuid": "a UUID",
    "url": "a URL",
    "path": "a path",
    "ip": "an IP address",
    "byte_size": "a size, as 1 MiB",
    "callable": "a function",
    "is_instance_of": "another kind of value",
}

_BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
    "string_pattern_mismatch": "does not match the pattern {pattern}",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} or fewer entries",
    "url_scheme": "must begin with one of {expected_schemes}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "needs the key {discriminator}",
}

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a section of keys"),
)


def what_is_wrong(error: ErrorDetails) -> str:
    """The error in plain words, without the value."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return "required, and not set"
    if kind == "extra_forbidden":
        return "unknown key"
    if kind in {"value_error", "assertion_error"}:
        return str(context.get("error", "")) or "the value is refused"
    if kind in {"enum", "literal_error"}:
        return f"expected one of {_choices(str(context.get('expected', '')))}, found {found(error['input'])}"
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(_Context(context))
    expected = _expected(kind)
    return f"expected {expected}, found {found(error['input'])}" if expected else _as_pydantic_says(error)


def is_about_the_value(error: ErrorDetails) -> bool:
    """Whether it helps to show the value beside this error."""
    kind = error["type"]
    return kind in {"enum", "literal_error"} or kind in _BOUNDS or _expected(kind) is not None


def found(value: object) -> str:
    """The kind of a value, in plain words."""
    if value is None:
        return "nothing"
    if value == "":
        return "an empty text"
    return next((word for kind, word in _KINDS if isinstance(value, kind)), type(value).__name__)


def choices_of(error: ErrorDetails) -> list[str]:
    """The texts that would have been right, where the error lists them."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    return [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",") if choice.strip()]


def _choices(expected: str) -> str:
    return expected.replace("'", "")


def _expected(kind: str) -> str | None:
    words = kind.split("_")
    for length in range(len(words), 0, -1):
        expected = _EXPECTED.get("_".join(words[:length]))
        if expected is not None:
            return expected
    return None


def _as_pydantic_says(error: ErrorDetails) -> str:
    message = error["msg"]
    return message[:1].lower() + message[1:]


class _Context(dict[str, object]):
    """What an error knows; a word that it doesn't know stays as it is."""

    def __init__(self, known: Mapping[str, object]) -> None:
        super().__init__(known)

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
