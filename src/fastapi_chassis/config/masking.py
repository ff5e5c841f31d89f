"""What may be shown of a value: secrets never, URLs without their password."""

import re

MASK = "***"

# A raw "@" or "/" is not valid in a password, but people write it: the last "@" before the next URL ends it.
_USERINFO = re.compile(
    r"(?P<head>://[^\s:/@?#]*:)(?!\d{1,5}[/?#])(?:(?!://)\S)*@",
)
_QUERY_SECRET = re.compile(
    r"(?P<key>[?&;](?:password|passwd|pwd|token|secret|api_?key|access_?key|sig|signature)=)[^&;\s#]*",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"(^|[_\-.])(password|passwd|pwd|passphrase|secret|secrets|token|tokens|credential|credentials|api[_\-]?key|"
    r"access[_\-]?key|private[_\-]?key|signing[_\-]?key|secret[_\-]?key|encryption[_\-]?key|authorization|cookie|dsn)$",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether a key of this name is expected to hold a secret, whatever its type says."""
    return _SECRET_NAME.search(name) is not None


def masked_text(text: str) -> str:
    """The text with the passwords of all URLs in it masked: `postgresql://u:***@h/db`."""
    if "://" not in text:
        return text
    return _QUERY_SECRET.sub(rf"\g<key>{MASK}", _USERINFO.sub(rf"\g<head>{MASK}@", text))


def masked(value: object, name: str = "") -> object:
    """The value as it may be shown: nothing of it under a secret name, no URL password in its texts."""
    if name and is_secret_name(name) and value not in (None, "", True, False):
        return MASK
    match value:
        case str():
            return masked_text(value)
        case dict():
            return {key: masked(item, str(key)) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return type(value)(masked(item, name) for item in value)
        case _:
            return value


def scrubbed(text: str, secrets: frozenset[str]) -> str:
    """The text with the known secrets in it masked; those under four characters are syllables, and stay."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
    return masked_text(text)
