import asyncio
import sys
from time import perf_counter

import bcrypt
import pytest

from fastapi_chassis.domain import MissingExtraError, UnavailableException, ValidationException
from fastapi_chassis.security import PasswordHasher, Verdict


@pytest.fixture(scope="module")
def hashed() -> str:
    return asyncio.run(PasswordHasher().hash("correct horse"))


@pytest.mark.requirement("SEC-6")
async def test_a_password_is_stored_as_argon2id(hashed: str) -> None:
    assert hashed.startswith("$argon2id$")
    assert await PasswordHasher().verify("correct horse", hashed) == Verdict(is_right=True)
    assert await PasswordHasher().verify("correct Horse", hashed) == Verdict(is_right=False)


@pytest.mark.requirement("SEC-6")
@pytest.mark.parametrize("password", ["short", "x" * 257, "x" * 1_000, "with\x00nul", "surrogate\ud800", ""])
async def test_what_cannot_be_a_password_is_invalid_and_never_right(password: str, hashed: str) -> None:
    with pytest.raises(ValidationException) as told:
        await PasswordHasher().hash(password)
    assert list(told.value.errors) == ["password"]
    assert password not in str(told.value) or not password
    assert await PasswordHasher().verify(password, hashed) == Verdict(is_right=False)


@pytest.mark.requirement("SEC-6")
async def test_a_bcrypt_hash_is_verified_and_replaced() -> None:
    old = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()

    verdict = await PasswordHasher().verify("correct horse", old)

    assert verdict.is_right
    assert verdict.new_hash is not None
    assert verdict.new_hash.startswith("$argon2id$")
    assert await PasswordHasher().verify("wrong horse", old) == Verdict(is_right=False)


@pytest.mark.requirement("SEC-6")
async def test_bcrypt_never_compares_a_part_of_a_password() -> None:
    old = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert not (await PasswordHasher().verify("x" * 73, old)).is_right


@pytest.mark.parametrize("stored", ["", "plain", "$unknown$hash", "$argon2id$broken"])
async def test_a_hash_that_is_none_is_wrong(stored: str) -> None:
    assert await PasswordHasher().verify("correct horse", stored) == Verdict(is_right=False)


@pytest.mark.requirement("SEC-6")
async def test_an_unknown_user_takes_as_long_as_a_wrong_password(hashed: str) -> None:
    hasher = PasswordHasher(threads=1)
    await hasher.verify("warmed up", None)

    async def taken(password: str, stored: str | None) -> float:
        began = perf_counter()
        await hasher.verify(password, stored)
        return perf_counter() - began

    known = min([await taken("wrong horse", hashed) for _ in range(5)])
    for password, stored in (("wrong horse", None), ("x" * 1_000, hashed), ("x", None)):
        unknown = min([await taken(password, stored) for _ in range(5)])
        assert 0.5 < unknown / known < 2


async def test_the_loop_is_free_while_passwords_are_hashed() -> None:
    hasher = PasswordHasher(threads=1)
    hashing = asyncio.create_task(hasher.hash("correct horse"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert turns > 3


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch, hashed: str) -> None:
    monkeypatch.setattr("fastapi_chassis.security.passwords._MOST_WAITING", 1)
    hasher = PasswordHasher(threads=1)

    results = await asyncio.gather(
        *(hasher.verify("x" * 9, hashed) for _ in range(4)), return_exceptions=True
    )

    assert [type(one) for one in results].count(UnavailableException) == 2
    assert await hasher.verify("correct horse", hashed) == Verdict(is_right=True)


@pytest.mark.requirement("PLG-5")
async def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pwdlib", None)
    with pytest.raises(MissingExtraError) as told:
        await PasswordHasher().hash("correct horse")
    with pytest.raises(MissingExtraError):
        await PasswordHasher().verify("correct horse", "")
    assert told.value.findings[0].remedy == 'pip install "fastapi-chassis[security]"'


async def test_closed_threads_take_no_more_work() -> None:
    hasher = PasswordHasher()
    hasher.close()
    with pytest.raises(RuntimeError):
        await hasher.hash("correct horse")
