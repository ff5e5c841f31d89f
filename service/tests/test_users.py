"""Members: what they say of themselves, and who may see it."""

import pytest

from bookshop.appoint import appoint
from fastapi_chassis.domain import NotFoundException
from fastapi_chassis.testing import open_application

from .conftest import built, quick_passwords
from .shop import PASSWORD, Shop, assert_problem


@pytest.mark.requirement("REF-4")
async def test_members_see_themselves(shop: Shop) -> None:
    ada = await shop.member()
    response = await ada.get("/api/users/me")
    assert response.status_code == 200
    me = response.json()
    assert (me["id"], me["uuid"], me["email"]) == (ada.id, ada.id, "ada@example.com")
    assert not {"password", "hashed_password", "version"} & set(me)
    assert response.headers["etag"]
    assert response.headers["cache-control"] == "no-store"


PROFILE = {
    "full_name": "Ada King",
    "first_name": "Ada",
    "last_name": "King",
    "birthday": "1815-12-10",
    "photo": "https://example.com/ada.png",
    "phone": "+44 20 7946 0000",
    "street": "12 St James's Square",
    "city": "London",
    "state": "London",
    "zip_code": "SW1Y 4JH",
    "country": "GB",
    "meta": {"theme": "dark", "nested": {"list": [1, 2.5, None, True, "ü"]}},
}


@pytest.mark.requirement("REF-4")
async def test_members_replace_their_profile(shop: Shop) -> None:
    ada = await shop.member()
    changed = await ada.put("/api/users/me", PROFILE)
    assert changed.status_code == 200
    assert (await ada.get("/api/users/me")).json() == changed.json()
    assert {name: changed.json()[name] for name in PROFILE} == PROFILE
    emptied = (await ada.put("/api/users/me", {"full_name": "Ada"})).json()
    assert (emptied["full_name"], emptied["phone"], emptied["meta"]) == ("Ada", None, {})


@pytest.mark.parametrize(
    "day", [0, 1.5, "0", "1795231072", "1815-13-01", "10.12.1815", "", True, [1815, 12, 10]]
)
async def test_a_day_is_written_out(memory_shop: Shop, day: object) -> None:
    ada = await memory_shop.member()
    problem = assert_problem(await ada.put("/api/users/me", {"birthday": day}), 422)
    assert problem["errors"].keys() == {"birthday"}


@pytest.mark.requirement("DOM-6")
async def test_a_profile_is_changed_at_the_version_that_was_read(shop: Shop) -> None:
    ada = await shop.member()
    etag = (await ada.get("/api/users/me")).headers["etag"]
    first = await ada.put("/api/users/me", {"full_name": "A"}, headers={"If-Match": etag})
    assert first.status_code == 200
    stale = await ada.put("/api/users/me", {"full_name": "B"}, headers={"If-Match": etag})
    problem = assert_problem(stale, 412, "PRECONDITION_FAILED")
    assert f'"{problem["current_version"]}"' == first.headers["etag"]
    assert (await ada.get("/api/users/me")).json()["full_name"] == "A"


FORBIDDEN = {
    "id": "01a1fbcc-3787-7900-8d2c-c721dc191d91",
    "uuid": "01a1fbcc-3787-7900-8d2c-c721dc191d91",
    "version": 7,
    "email": "root@example.com",
    "hashed_password": "x",
    "is_active": False,
    "is_guest": True,
    "is_superuser": True,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "permissions": ["*"],
}


@pytest.mark.requirement("REF-4")
@pytest.mark.parametrize("name", FORBIDDEN)
async def test_what_is_not_the_members_to_say_is_refused(memory_shop: Shop, name: str) -> None:
    ada = await memory_shop.member()
    before = (await ada.get("/api/users/me")).json()
    problem = assert_problem(await ada.put("/api/users/me", {"full_name": "Eve", name: FORBIDDEN[name]}), 422)
    assert problem["errors"].keys() == {name}
    assert (await ada.get("/api/users/me")).json() == before
    if name != "email":
        body = {"email": "eve@example.com", "password": PASSWORD, name: FORBIDDEN[name]}
        for path in ("/api/users/", "/api/v1/auth/sign-up/"):
            problem = assert_problem(await memory_shop.client.post(path, json=body), 422)
            assert problem["errors"].keys() == {name}


@pytest.mark.requirement("REF-4")
async def test_anybody_becomes_a_member_by_the_users_route(shop: Shop) -> None:
    body = {"email": "Ada@example.com", "password": PASSWORD, "full_name": "Ada Lovelace"}
    response = await shop.client.post("/api/users/", json=body)
    assert response.status_code == 201
    made = response.json()
    assert (made["email"], made["first_name"], made["last_name"]) == ("ada@example.com", "Ada", "Lovelace")
    assert (made["is_superuser"], made["is_active"]) == (False, True)
    assert (await shop.log_in()).status_code == 200


@pytest.mark.requirement("REF-4")
async def test_administrators_see_others_and_members_do_not(shop: Shop) -> None:
    ada, eve, root = await shop.member(), await shop.member("eve@example.com"), await shop.administrator()
    assert (await root.get(f"/api/users/{ada.id}")).json()["email"] == "ada@example.com"
    assert (await root.get("/api/users/me")).json()["is_superuser"] is True
    problem = assert_problem(await eve.get(f"/api/users/{ada.id}"), 403, "FORBIDDEN")
    assert problem["permission"] == "users:read"
    assert_problem(await eve.get(f"/api/users/{eve.id}"), 403)
    assert_problem(await shop.client.get(f"/api/users/{ada.id}"), 401, "UNAUTHENTICATED")
    assert_problem(await root.get("/api/users/01a1fbcc-3787-7900-8d2c-c721dc191d91"), 404, "NOT_FOUND")


@pytest.mark.requirement("REF-4")
@pytest.mark.parametrize("store", ["sqlite"])
async def test_the_operator_appoints_administrators(database_url: str) -> None:
    async with open_application(built(database_url, quick_passwords())) as app:
        assert (await Shop(app).sign_up()).status_code == 201
    await appoint(built(database_url), "ADA@example.com")
    with pytest.raises(NotFoundException):
        await appoint(built(database_url), "nobody@example.com")
    async with open_application(built(database_url, quick_passwords())) as app:
        ada = await Shop(app).entered()
        assert (await ada.get(f"/api/users/{ada.id}")).json()["is_superuser"] is True
