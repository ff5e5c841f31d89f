"""Requests that make no sense, by the place where the nonsense stands."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from string import ascii_letters, digits

DEEP = "__".join(["meta", *"ab" * 25])  # 50 keys

# query strings that no browser sends; some may be meant
RAW: tuple[str, ...] = (
    "title=%00", "title=%ED%A0%80", "title=%FF%FE", "title=%C0%AF", "title=%", "title=%u0041", "title=%0d%0a",
    "title__ilike=%00", "meta__k=%00", "meta__k__jsonb_like=%ED%A0%80", "title__in=%00&title__in=a", "=", "&",
    "&&==", "title", "title[]=a", "title[$gt]=", "title.x=a", "title=a;title=b", "%00=1", "%FF=1",
    "password_hashed=%25", "password_hashed__like=%25", "password_hashed__ilike=a", "order=password_hashed",
    "__class__=1", "__dict__=1", "title__class__=1", "_events=1", "version=1", "id=1", "removed_at=1",
    "meta=1", "meta__a=1", f"{DEEP}=1", "meta__k__k=1", "meta__k__jsonb_like__e=1",
    "amount=true", "amount=1.0", "amount=1e3", "amount=0x10", "amount=+1", "amount= 1", "amount=1_0",
    "amount=", "amount=9223372036854775807", "amount=9223372036854775808", "amount=-9223372036854775809",
    f"amount={'9' * 5_000}", "rank=null", "rank__is_null=maybe", "rank__is_null=2", "amount__between=2",
    "weight=nan", "weight=1e400", "weight=-inf", "weight=1e-400", "weight=-0", "is_active=2", "is_active=yes",
    "price=NaN", "price=sNaN", "price=Infinity", "price=1e999", "price=1e1001", "price__lt=1e999999999",
    "price__gt=-1e999999999", "price__in=1e-999999999", "price__between=0e999999&price__between=1",
    "seen_at=2024-05-01", "seen_at__gte=2024-05-01T00:00:00", "seen_at__lt=0001-01-01T00:00:00%2B23:59",
    "seen_at__gt=9999-12-31T23:59:59.999999-23:59", "seen_at=0", "seen_at=1e30", "seen_at=-1", "seen_at=now",
    "day=2024-02-30", "day=0001-01-01", "day__lt=9999-12-31", "day=99999-01-01", "span=P1D",
    "span__gt=P999999999D", "span__lt=-P999999999D", "span=1e300", "owner_id=x", "owner_id=%7B0%7D",
    "colour=RED", "colour=purple", "title__between=b&title__between=a", "title__in=" + "a" * 201,
    "title__ilike=" + "%25" * 200, "&".join("title__in=a" for _ in range(5_000)),
    "&".join(f"x{number}=1" for number in range(5_000)), "title=" + "a" * 50_000, "after=" + "a" * 50_000,
)  # fmt: skip

# query strings that are refused
QUERIES = (
    "&".join(f"title__in={number}" for number in range(101)), "title__in=" + "&title__in=".join("a" * 4_000),
    "password_hashed=a", "password_hashed__like=a", "password_hashed__ilike=%25", "order=password_hashed",
    "__class__=1", "title____class__=a", "title__regex=a", "_events=1", f"{DEEP}=1", f"{DEEP}__jsonb_like=a",
    "amount=a", "amount=1.5", "amount=true", "amount__in=1&amount__in=a", "amount__between=1", "price=cheap",
    "weight=nan", "is_active=maybe", "rank__is_null=a", "seen_at=yesterday", "seen_at=2024-05-01T00:00:00",
    "day=2024-02-30", "span=long", "owner_id=1", "colour=purple", "title=%00", "title__like=a%00",
    "title=" + "x" * 201, "amount=9223372036854775808", "title=a&title=b", "limit=0", "limit=101", "after=",
    "after=forged",
)  # fmt: skip

# filters in a body that are refused
FILTERS: tuple[dict[str, object], ...] = (
    {"title__in": ["x"] * 100_000}, {"amount__not_in": list(range(100_000))},
    {"title__not_like_all": ["x"] * 501}, {"amount__between": [1, 2, 3]},
    {f"x{number}": 1 for number in range(10_000)}, {"x" * 100_000: 1}, {"title": "x" * 100_000}, {DEEP: "a"},
    {f"{DEEP}__jsonb_like": "a"}, {"__class__": 1}, {"__dict__": {}}, {"title____class____mro__": 1},
    {"_events": 1}, {"title__regex": ".*"}, {"title": {"$gt": ""}}, {"meta__k": {"$ne": None}},
    {"meta": {"k": 1}}, {"meta__": 1}, {"title": ["a"]}, {"title": None}, {"title": 1}, {"title": True},
    {"amount": "1"}, {"amount": True}, {"amount": 1.5}, {"amount": None}, {"amount": 2**64},
    {"amount__gt": None}, {"amount__in": 1}, {"amount__in": "12"}, {"amount__in": [1, "2"]}, {"is_active": 1},
    {"is_active": "true"}, {"rank__is_null": "true"}, {"price": "1"}, {"owner_id": "x"},
    {"seen_at": "2024-05-01T00:00:00Z"}, {"colour": "red"}, {"title__like": "a\\"}, {"title": "\x00"},
    {"meta__k__gt": 1}, {"meta__k__in": [1]}, {"title__like__like": "a"}, {"": 1}, {"__": 1}, {"e": 1},
    {"limit": -1}, {"limit": "1"}, {"offset": 2**40}, {"order": ["password"]}, {"order": [{"$gt": 1}]},
)  # fmt: skip

# bodies that no client writes
BODIES: tuple[str, ...] = (
    *(json.dumps({"title": text}) for text in ("\x00", "\ud800", "a\udfff", "\ud83d\ude00", "x" * 100_000)),
    '{"title": "a", "meta": {"k": "\\ud800"}}', '{"title": "a", "meta": {"\\ud800": 1}}',
    '{"title": "a", "meta": {"k": "\\u0000"}}', '{"title": "a", "meta": {"\\u0000": 1}}',
    '{"title": "a", "meta": {"k": 1e400}}', '{"title": "a", "meta": {"k": NaN}}',
    '{"title": "a", "meta": []}', '{"title": "a", "meta": {"k": 18446744073709551616}}',
    '{"title": "a", "meta": {"__proto__": {"x": 1}}}', '{"title": "a", "meta": {"$where": "1"}}',
    '{"title": "a", "meta": {"a.b": {"$gt": ""}}}',
    '{"title": "a", "meta": ' + '{"k":' * 500 + "1" + "}" * 501,
    '{"title": "a", "meta": {"k": ' + "[" * 50_000 + "]" * 50_000 + "}}",
    '{"title": "a", "price": "1e999999999"}', '{"title": "a", "price": 1e400}',
    '{"title": "a", "price": "NaN"}', '{"title": "a", "amount": 9223372036854775808}',
    '{"title": "a", "amount": true}', '{"title": "a", "amount": "1"}', '{"title": "a", "weight": 1e999}',
    '{"title": "a", "weight": Infinity}', '{"title": "a", "weight": "nan"}',
    '{"title": "a", "seen_at": "0001-01-01T00:00:00+23:59"}',
    '{"title": "a", "seen_at": "2024-05-01T00:00:00"}', '{"title": "a", "seen_at": 1e300}',
    '{"title": "a", "span": 1e300}', '{"title": "a", "span": "P999999999D"}', '{"title": {"$gt": ""}}',
    '{"title": ["a"]}', '{"title": null}', '{"title": 1}', "{}", "[]", "null", '"a"', "1",
    '{"title": "a", "title": "b"}', '{"title": "a", "password_hashed": "x"}',
    '{"title": "a", "__class__": "x"}', "{", "", "\x00", "\ufeff{}", '{"title": "\x01"}', "title=a", "<a/>",
    "[" * 100_000,
)  # fmt: skip


def changed(cursor: str, place: int) -> str:
    """Changes one character of a cursor into another of its alphabet."""
    place %= len(cursor)
    return cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]


def respelled(cursor: str) -> str:
    """Spells the same bytes otherwise: the last letter of base64 has bits that mean nothing."""
    kept = cursor.rstrip("=")
    letters = (kept[:-1] + last for last in ascii_letters + digits + "-_")
    return next((one for one in letters if one != kept and _read(one) == _read(kept)), f"{cursor}=")


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


TAMPERED: tuple[Callable[[str], str], ...] = (
    lambda cursor: changed(cursor, 0), lambda cursor: changed(cursor, 20), lambda cursor: changed(cursor, -1),
    respelled, lambda cursor: cursor[:-1], lambda cursor: cursor[1:], lambda cursor: cursor[:20],
    str.swapcase, lambda cursor: cursor * 2, lambda cursor: cursor * 100, lambda cursor: f"{cursor}=",
    lambda cursor: f" {cursor}", lambda cursor: f"{cursor}\n", lambda cursor: f"{cursor}\x00",
    lambda _: "e30", lambda _: "' OR 1=1 --", lambda _: "\u00e9",
)  # fmt: skip
