import pytest

from fastapi_chassis.api.middleware.security_headers import security_headers
from fastapi_chassis.config import EnvironmentEnum, RootConfig
from tests.unit.api.stand import build, speaking


@pytest.mark.requirement("API-3")
async def test_every_response_carries_them() -> None:
    async with speaking(build()) as client:
        for url in ("/api/items/", "/nowhere", "/api/items/?limit=-1"):
            headers = (await client.get(url)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.requirement("API-3")
@pytest.mark.parametrize("environment", list(EnvironmentEnum))
def test_browsers_are_bound_to_tls_where_users_are(environment: EnvironmentEnum) -> None:
    names = {name for name, _ in security_headers(RootConfig(environment=environment))}

    assert (b"strict-transport-security" in names) is environment.is_production_like
