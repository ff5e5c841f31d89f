"""RedisIdempotencyStore: what repeated requests were answered, written with the work that made it."""

import hashlib
from datetime import timedelta
from typing import cast

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.caching import decode_value, encode_value
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.redis.change import Change
from fastapi_chassis.plugins.redis.collection import Keys
from fastapi_chassis.plugins.redis.commands import milliseconds
from fastapi_chassis.plugins.redis.rows import Row
from fastapi_chassis.plugins.redis.session import RedisSession

_KEPT = timedelta(days=1)
_UNDER_WAY = timedelta(seconds=30)  # after that, of two at once the first that commits wins


class RedisIdempotencyStore:
    """Keeps answers for a day.

    Args:
        session: the transaction in which the work is done.
    """

    def __init__(self, session: RedisSession) -> None:
        self._session = session
        self._keys = Keys(session.client, "chassis:idempotency")

    async def reserve(self, key: str, fingerprint: str) -> StoredAnswer | None:
        """Returns the answer that was given, or None and keeps the key for this transaction."""
        del fingerprint
        member = _member(key)
        if not await self._session.claim(self._keys.lock(member), _UNDER_WAY):
            raise _in_use()
        (row,) = await self._keys.read([member])
        if row is None:
            return None
        fingerprint, answer = cast("tuple[str, bytes]", decode_value(row.data))
        return StoredAnswer(fingerprint, answer)

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Stores the answer with the transaction."""
        row = Row(1, encode_value([answer.fingerprint, answer.answer]))
        change = Change(
            place=self._keys,
            member=_member(key),
            stored=None,
            row=row,
            claims={},
            frees=(),
            life=milliseconds(_KEPT),
            remake=_answered,
            taken=_taken,
        )
        self._session.apply([change], {})


def _member(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _answered(change: Change, stored: Row | None) -> Change:
    if stored is not None:
        raise _in_use()
    return change


def _taken(names: tuple[str, ...]) -> ConflictException:
    del names
    return _in_use()


def _in_use() -> ConflictException:
    return ConflictException(
        "a request with this Idempotency-Key is being handled", error_code="IDEMPOTENCY_KEY_IN_USE"
    )


@idempotency_for.register
def _(session: RedisSession) -> RedisIdempotencyStore:
    return RedisIdempotencyStore(session)
