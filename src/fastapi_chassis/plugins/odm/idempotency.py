"""ODMIdempotencyStore: answers to repeated requests, noted in the documents that the work wrote."""

from datetime import UTC, datetime

from fastapi_chassis.application import IdempotencyStore, StoredAnswer, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.odm.notes import carry, find_note, micros
from fastapi_chassis.plugins.odm.session import ODMSession


class ODMIdempotencyStore:
    """Keeps answers with the work; they are forgotten when the inbox is purged.

    Args:
        session: the unit of work in which the work is done.
    """

    def __init__(self, session: ODMSession) -> None:
        self._session = session

    async def reserve(self, key: str, fingerprint: str) -> StoredAnswer | None:
        """Returns the answer that was given, or None and keeps the key for this unit of work.

        Raises:
            ConflictException: a request with this key is being handled right now.
        """
        del fingerprint
        if not self._session.claim(("answer", key)):
            raise ConflictException(
                "a request with this Idempotency-Key is being handled",
                error_code="IDEMPOTENCY_KEY_IN_USE",
            )
        note = await find_note(self._session.documents, _name(key))
        return None if note is None else StoredAnswer(note["fingerprint"], bytes(note["answer"]))

    async def keep(self, key: str, answer: StoredAnswer) -> None:
        """Stores the answer with the work."""
        note = {"fingerprint": answer.fingerprint, "answer": answer.answer}
        await carry(self._session, "_notes", [{"key": _name(key), "at": micros(datetime.now(UTC)), **note}])


def _name(key: str) -> str:
    return f"answer/{key}"


@idempotency_for.register
def _(session: ODMSession) -> IdempotencyStore:
    return ODMIdempotencyStore(session)
