"""Ory Kratos through its HTTP interface."""

import uuid

import httpx2
import pytest

pytestmark = pytest.mark.backends("kratos")


@pytest.mark.requirement("TST-3")
async def test_sign_up_gives_a_session_that_names_the_identity(kratos):
    email = f"{uuid.uuid4().hex}@example.com"
    async with httpx2.AsyncClient(timeout=10) as http:
        flow = (await http.get(f"{kratos.url}/self-service/registration/api")).json()
        body = {"method": "password", "password": uuid.uuid4().hex, "traits": {"email": email}}
        signed_up = await http.post(flow["ui"]["action"], json=body)
        assert signed_up.status_code == 200, signed_up.text
        token = signed_up.json()["session_token"]
        session = await http.get(f"{kratos.url}/sessions/whoami", headers={"X-Session-Token": token})
        assert session.json()["identity"]["traits"] == {"email": email}
        stranger = await http.get(f"{kratos.url}/sessions/whoami", headers={"X-Session-Token": "nonsense"})
        assert stranger.status_code == 401
        identities = await http.get(f"{kratos.endpoints['admin']}/admin/identities")
        assert email in identities.text
