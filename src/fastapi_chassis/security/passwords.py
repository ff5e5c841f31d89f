"""PasswordHasher: argon2id, off the event loop, and as slow for an unknown user as for a known one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

from fastapi_chassis.domain import MissingExtraError, UnavailableException, ValidationException

MIN_LENGTH, MAX_LENGTH = 8, 256
_MOST_WAITING = 64


class _Library(Protocol):
    def hash(self, password: str) -> str: ...

    def verify_and_update(self, password: str, hash: str) -> tuple[bool, str | None]: ...  # noqa: A002


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right.

    Args:
        is_right: whether it is.
        new_hash: what to store from now on, where the stored hash is of an old kind.
    """

    is_right: bool
    new_hash: str | None = None


class PasswordHasher:
    """Hashes and verifies passwords.

    Args:
        threads: how many at once; each takes 64 MiB.
    """

    def __init__(self, threads: int = 2) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._most = threads + _MOST_WAITING
        self._running = 0

    async def hash(self, password: str) -> str:
        """Hashes a new password.

        Raises:
            ValidationException: it is shorter than 8 or longer than 256 characters, or can't be encoded.
            UnavailableException: too many are waiting.
        """
        problem = _problem(password)
        if problem:
            raise ValidationException(problem, errors={"password": [problem]})
        return await self._run(lambda: self._library.hash(password))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Verifies a password; without a stored hash it takes as long, and is wrong.

        Args:
            password: what the caller gave; what can't be a password is wrong, and takes as long.
            stored: the user's hash, or None where there is no such user.

        Raises:
            UnavailableException: too many are waiting.
        """
        return await self._run(lambda: self._verify(password, stored))

    def _verify(self, password: str, stored: str | None) -> Verdict:
        library, nobody = self._library, self._nobody
        from pwdlib.exceptions import UnknownHashError

        if stored is None or _problem(password):
            library.verify_and_update("", nobody)
            return Verdict(is_right=False)
        try:
            is_right, new_hash = library.verify_and_update(password, stored)
        except (UnknownHashError, ValueError):  # bcrypt refuses what it would have cut off
            return Verdict(is_right=False)
        return Verdict(is_right, new_hash)

    async def _run[R](self, work: Callable[[], R]) -> R:
        if self._running >= self._most:
            raise UnavailableException("too many log in at this moment", retry_after=1)
        self._running += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._running -= 1

    @cached_property
    def _library(self) -> _Library:
        try:
            from pwdlib import PasswordHash
            from pwdlib.hashers.argon2 import Argon2Hasher
            from pwdlib.hashers.bcrypt import BcryptHasher
        except ModuleNotFoundError as missing:
            raise MissingExtraError("security") from missing
        return cast("_Library", PasswordHash((Argon2Hasher(), BcryptHasher())))

    @cached_property
    def _nobody(self) -> str:
        return self._library.hash("nobody has this password")

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _problem(password: str) -> str | None:
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters"
    if "\x00" in password:
        return "a password must not hold the character NUL"
    try:
        password.encode()
    except UnicodeEncodeError:
        return "a password must not hold lone surrogates"
    return None
