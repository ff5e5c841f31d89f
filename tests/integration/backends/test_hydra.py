"""Ory Hydra through its HTTP interface."""

import httpx2
import pytest

pytestmark = pytest.mark.backends("hydra")


@pytest.mark.requirement("TST-3")
async def test_client_credentials_give_a_token_that_is_active(hydra):
    async with httpx2.AsyncClient(timeout=10) as http:
        client = {
            "client_name": "smoke",
            "grant_types": ["client_credentials"],
            "scope": "items:write",
            "token_endpoint_auth_method": "client_secret_post",
        }
        created = await http.post(f"{hydra.endpoints['admin']}/admin/clients", json=client)
        assert created.status_code == 201, created.text
        form = {
            "grant_type": "client_credentials",
            "scope": "items:write",
            "client_id": created.json()["client_id"],
            "client_secret": created.json()["client_secret"],
        }
        token = await http.post(f"{hydra.url}/oauth2/token", data=form)
        assert token.status_code == 200, token.text
        access_token = token.json()["access_token"]
        assert access_token.count(".") == 2
        introspection = f"{hydra.endpoints['admin']}/admin/oauth2/introspect"
        answer = (await http.post(introspection, data={"token": access_token})).json()
        assert (answer["active"], answer["scope"]) == (True, "items:write")
        assert (await http.post(introspection, data={"token": "nonsense"})).json() == {"active": False}
        assert (await http.get(f"{hydra.url}/.well-known/jwks.json")).json()["keys"]
