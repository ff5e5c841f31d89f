"""Redaction: takes secrets out of what is shown, by the name of a field and by the look of a text."""

import re
from collections.abc import Callable, Mapping

from fastapi_chassis.config import masked_text

MASK = "***"

SENSITIVE_KEYS = frozenset(
    (
        *("accesskey", "accesstoken", "apikey", "apitoken", "auth", "authorization", "authtoken", "bearer"),
        *("cardnumber", "clientsecret", "connectionstring", "connectionuri", "cookie", "cookies"),
        *("credential", "credentials", "csrftoken", "cvc", "cvv", "databaseurl", "dsn", "encryptionkey"),
        *("hashedpassword", "iban", "idtoken", "jwt", "masterkey", "otp", "passphrase", "passwd", "password"),
        *("passwordhash", "pin", "privatekey", "proxyauthorization", "pwd", "refreshtoken", "secret"),
        *("secretkey", "secrets", "sessionid", "sessiontoken", "setcookie", "signature", "signingkey", "ssn"),
        *("token", "totp", "webhooksecret", "xapikey", "xauthtoken"),
    )
)
_SENSITIVE_ENDS = (
    *("password", "passwords", "passwd", "passphrase", "secret", "secrets", "token", "apikey", "apikeys"),
    *("accesskey", "secretkey", "privatekey", "signingkey", "credentials", "accesstokens", "refreshtokens"),
)
_DEEPEST = 8

_NAMES = (
    r"password|passwd|passphrase|pwd|secret(?:[_-]?key)?|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"signing[_-]?key|credentials?|dsn|session[_-]?id"
)
_IS = r"\\?[\"']?\s{0,3}[:=]\s{0,3}"
_QUOTED = r"""\\?"(?:[^"\\]|\\[^"])*|'(?:[^'\\]|\\.)*"""
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL)
_JWT = re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*){0,3}")
_HEADER = re.compile(rf"((?:authorization|cookie){_IS})(?:{_QUOTED}|[^\r\n\"'}}]+)", re.IGNORECASE)
_SCHEME = re.compile(r"\b(bearer|basic|apikey)\s{1,3}[\w.~+/=-]{6,}", re.IGNORECASE)
_NAMED = re.compile(rf"((?:{_NAMES}){_IS})(?:{_QUOTED}|[^\s,;&\"'}}\])]+)", re.IGNORECASE)
_HINT = re.compile(rf"-----BEGIN|eyJ|://|authorization|cookie|bearer|basic|apikey|{_NAMES}", re.IGNORECASE)


def is_sensitive(name: str) -> bool:
    """Whether a field of this name is never shown, however it is spelled: `X-Api-Key`, `dbPassword`."""
    plain = "".join(filter(str.isalnum, name)).lower()
    return plain in SENSITIVE_KEYS or plain.endswith(_SENSITIVE_ENDS)


def redact_text(text: str) -> str:
    """Returns a text without tokens, private keys, passwords in URLs and values of sensitive names."""
    if _HINT.search(text) is None:
        return text
    text = _JWT.sub(MASK, _PEM.sub(MASK, text))
    text = _HEADER.sub(rf"\g<1>{MASK}", text)
    text = _SCHEME.sub(rf"\g<1> {MASK}", text)
    return masked_text(_NAMED.sub(rf"\g<1>{MASK}", text))


def redact(value: object, name: str = "", *, text: Callable[[str], str] = redact_text) -> object:
    """Returns a value as it may be shown: nested fields by their names, texts by their look.

    Args:
        value: anything; what is no text, number or container is shown by its redacted repr.
        name: the field that it stands in.
        text: how texts, names of fields included, are made fit to show.
    """
    return _redact(value, name, text, 0)


def _redact(value: object, name: str, text: Callable[[str], str], depth: int) -> object:
    if name and is_sensitive(name) and value not in (None, "", True, False):
        return MASK
    match value:
        case str():
            return text(value)
        case None | bool() | int() | float():
            return value
        case Mapping() if depth < _DEEPEST:
            return {text(str(key)): _redact(item, str(key), text, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
            return [_redact(item, "", text, depth + 1) for item in value]
        case _:
            return text(_text_of(value))


def _text_of(value: object) -> str:
    is_plain = type(value).__module__ in {"datetime", "uuid", "decimal", "pathlib", "pathlib._local"}
    try:
        return str(value) if is_plain else repr(value)
    except Exception as fault:  # noqa: BLE001 - a value that can't be shown is no reason to lose the rest
        return f"<{type(value).__name__}: its repr raises {type(fault).__name__}>"
