"""Signing up, logging in, refreshing and logging out."""

import asyncio
from datetime import timedelta

import pytest

from fastapi_chassis.config import DependencyConfig
from fastapi_chassis.domain import FrozenClock
from fastapi_chassis.security import PasswordHasher, Verdict
from fastapi_chassis.testing import TestApplication, frozen, open_application

from .conftest import QuickHasher, built
from .shop import PASSWORD, Shop, assert_problem


@pytest.mark.requirement("REF-3")
async def test_signing_up_answers_who_was_made_and_never_the_hash(shop: Shop) -> None:
    response = await shop.sign_up("Ada@Example.com")
    assert response.status_code == 201
    body = response.json()
    assert body["email"] == "ada@example.com"
    assert set(body) == {"uuid", "email", "full_name", "created_at"}


@pytest.mark.requirement("MISTAKE-16", "REF-3")
@pytest.mark.parametrize("again", ["ada@example.com", "ADA@EXAMPLE.COM", "aDa@eXample.com"])
async def test_an_address_is_taken_whatever_its_case(shop: Shop, again: str) -> None:
    await shop.sign_up("Ada@example.com")
    assert_problem(await shop.sign_up(again), 409, "ALREADY_EXISTS")
    response = await shop.client.post("/api/users/", json={"email": again, "password": PASSWORD})
    assert_problem(response, 409, "ALREADY_EXISTS")
    assert (await shop.log_in(again)).status_code == 200


async def test_of_parallel_sign_ups_one_gets_the_address(shop: Shop) -> None:
    answers = await asyncio.gather(
        *(shop.sign_up(email) for email in ["ada@example.com", "ADA@example.com"] * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_an_address_that_grows_when_its_case_is_folded_stays_within_its_bounds(shop: Shop) -> None:
    # ŉ becomes two characters: 60 of them are within the bounds as they are written, and beyond as stored
    tail = "@" + "b" * 60 + ".example.com"
    assert_problem(await shop.sign_up("a" * 64 + tail), 422, "VALIDATION_ERROR")
    assert (await shop.sign_up("ŉ" * 20 + tail)).status_code in {201, 422}
    assert_problem(await shop.sign_up("ŉ" * 30 + tail), 422, "VALIDATION_ERROR")


@pytest.mark.requirement("REF-3", "REF-2")
async def test_both_faults_of_a_login_look_the_same(shop: Shop) -> None:
    await shop.sign_up()
    unknown = assert_problem(await shop.log_in("nobody@example.com"), 401, "INVALID_CREDENTIALS")
    wrong = assert_problem(await shop.log_in(password="wrong horse"), 401, "INVALID_CREDENTIALS")
    told = {"type", "title", "status", "detail", "instance", "error_code"}
    assert {name: unknown[name] for name in told} == {name: wrong[name] for name in told}
    form = {"username": "ada@example.com", "password": "wrong horse"}
    response = await shop.client.post("/api/auth/token", data=form)
    assert_problem(response, 401, "INVALID_CREDENTIALS")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_both_faults_of_a_login_cost_one_verification(clock: FrozenClock) -> None:
    asked: list[str | None] = []

    class Counting(QuickHasher):
        async def verify(self, password: str, stored: str | None) -> Verdict:
            asked.append(stored)
            return await super().verify(password, stored)

    passwords = DependencyConfig("the test").bind_instance(PasswordHasher, Counting())
    async with open_application(built(None, frozen(clock), passwords)) as app:
        shop = Shop(app)
        await shop.sign_up()
        for email in ("ada@example.com", "nobody@example.com"):
            assert_problem(await shop.log_in(email, "wrong horse"), 401)
    assert asked == [f"quick:{PASSWORD}", None]


@pytest.mark.requirement("REF-3")
async def test_a_login_answers_as_documented(shop: Shop) -> None:
    uuid = (await shop.sign_up()).json()["uuid"]
    body = (await shop.log_in()).json()
    assert body["user_data"] == {"uuid": uuid}
    assert body["access"] != body["refresh"]
    assert body["expires_in"] == 300


@pytest.mark.parametrize("password", ["short", "x" * 257, "", "nul\x00in the middle"])
async def test_a_password_has_its_bounds(shop: Shop, password: str) -> None:
    assert_problem(await shop.sign_up(password=password), 422)


@pytest.mark.parametrize("password", ["", "x" * 1_000, "x" * 1_001])
async def test_any_wrong_password_is_refused_without_a_fault(shop: Shop, password: str) -> None:
    await shop.sign_up()
    response = await shop.log_in(password=password)
    assert response.status_code in {401, 422}


@pytest.mark.requirement("MISTAKE-3", "REF-3")
async def test_a_refresh_token_brings_the_next_pair(shop: Shop) -> None:
    ada = await shop.member()
    response = await shop.refreshed(ada.refresh)
    assert response.status_code == 200
    body = response.json()
    assert body["user_data"] == {"uuid": ada.id}
    assert body["refresh"] != ada.refresh
    headers = {"Authorization": f"Bearer {body['access']}"}
    assert (await shop.client.get("/api/users/me", headers=headers)).status_code == 200
    assert (await shop.refreshed(body["refresh"])).status_code == 200


@pytest.mark.requirement("MISTAKE-3")
async def test_parallel_refreshes_give_one_successor(shop: Shop) -> None:
    ada = await shop.member()
    answers = await asyncio.gather(*(shop.refreshed(ada.refresh) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len({(answer.json()["access"], answer.json()["refresh"]) for answer in answers}) == 1


@pytest.mark.requirement("MISTAKE-3")
async def test_a_reuse_after_the_grace_ends_the_login_and_that_is_kept(
    shop: Shop, clock: FrozenClock
) -> None:
    ada = await shop.member()
    successor = (await shop.refreshed(ada.refresh)).json()["refresh"]
    clock.advance(timedelta(seconds=9))
    assert (await shop.refreshed(ada.refresh)).json()["refresh"] == successor
    clock.advance(timedelta(seconds=2))
    assert_problem(await shop.refreshed(ada.refresh), 401, "INVALID_TOKEN")
    assert_problem(await shop.refreshed(successor), 401, "INVALID_TOKEN")
    assert (await (await shop.entered()).get("/api/v1/auth/sessions/")).json()[0]["is_current"]


async def test_a_login_ends_however_often_it_is_refreshed(shop: Shop, clock: FrozenClock) -> None:
    token = (await shop.member()).refresh
    for _ in range(4):
        clock.advance(timedelta(days=1))
        token = (await shop.refreshed(token)).json()["refresh"]
    clock.advance(timedelta(days=1, minutes=1))
    assert_problem(await shop.refreshed(token), 401, "INVALID_TOKEN")


async def test_an_access_token_lives_its_minutes(shop: Shop, clock: FrozenClock) -> None:
    ada = await shop.member()
    clock.advance(timedelta(minutes=6))
    assert_problem(await ada.get("/api/users/me"), 401, "INVALID_TOKEN")


@pytest.mark.requirement("REF-3")
async def test_logging_out_ends_this_login_only(shop: Shop) -> None:
    ada = await shop.member()
    other = await shop.entered()
    assert (await ada.post("/api/v1/auth/logout/")).status_code == 204
    assert (await ada.post("/api/v1/auth/logout/")).status_code == 204
    assert_problem(await shop.refreshed(ada.refresh), 401, "INVALID_TOKEN")
    assert (await shop.refreshed(other.refresh)).status_code == 200


@pytest.mark.requirement("REF-3")
async def test_an_old_access_token_logs_its_login_out(shop: Shop) -> None:
    ada = await shop.member()
    token = ada.refresh
    for _ in range(3):
        token = (await shop.refreshed(token)).json()["refresh"]
    assert (await ada.post("/api/v1/auth/logout/")).status_code == 204
    assert_problem(await shop.refreshed(token), 401)


@pytest.mark.requirement("REF-3")
async def test_sessions_are_listed_and_ended_by_their_owner(shop: Shop) -> None:
    ada, eve = await shop.member(), await shop.member("eve@example.com")
    phone = await shop.entered()
    sessions = (await ada.get("/api/v1/auth/sessions/")).json()
    assert len(sessions) == 2
    (current,) = [one for one in sessions if one["is_current"]]
    (other,) = [one for one in sessions if not one["is_current"]]
    assert_problem(await eve.delete(f"/api/v1/auth/sessions/{other['id']}"), 404)
    assert (await ada.delete(f"/api/v1/auth/sessions/{other['id']}")).status_code == 204
    assert_problem(await shop.refreshed(phone.refresh), 401)
    assert [one["id"] for one in (await ada.get("/api/v1/auth/sessions/")).json()] == [current["id"]]
    assert (await ada.delete("/api/v1/auth/sessions/")).status_code == 204
    assert_problem(await shop.refreshed(ada.refresh), 401)
    assert (await shop.refreshed(eve.refresh)).status_code == 200


async def test_tokens_of_the_wrong_kind_are_refused(shop: Shop) -> None:
    ada = await shop.member()
    refresh_as_access = {"Authorization": f"Bearer {ada.refresh}"}
    assert_problem(await shop.client.get("/api/users/me", headers=refresh_as_access), 401, "INVALID_TOKEN")
    assert_problem(await shop.refreshed(ada.access), 401, "INVALID_TOKEN")
    for token in ("", "x", "a.b.c", "é", ada.access[:-2], f"{ada.access}x"):
        headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
        for method, path in (("GET", "/api/users/me"), ("POST", "/api/v1/auth/tokens/refresh/")):
            response = await shop.client.request(method, path, headers=headers)
            assert_problem(response, 401)
            assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_refresh_without_a_token_is_unauthenticated(shop: Shop) -> None:
    response = await shop.client.post("/api/v1/auth/tokens/refresh/")
    assert_problem(response, 401, "UNAUTHENTICATED")


async def test_credentials_are_not_kept_for_an_idempotency_key(app: TestApplication, shop: Shop) -> None:
    await shop.sign_up()
    body = {"email": "ada@example.com", "password": PASSWORD}
    headers = {"Idempotency-Key": "one"}
    first = await app.client.post("/api/v1/auth/tokens/", json=body, headers=headers)
    again = await app.client.post("/api/v1/auth/tokens/", json=body, headers=headers)
    assert first.json()["refresh"] != again.json()["refresh"]
    body = {"email": "eve@example.com", "password": PASSWORD}
    assert (await app.client.post("/api/users/", json=body, headers=headers)).status_code == 201
    assert_problem(await app.client.post("/api/users/", json=body, headers=headers), 409, "ALREADY_EXISTS")
