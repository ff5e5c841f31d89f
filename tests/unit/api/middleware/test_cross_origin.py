import pytest
from pydantic import ValidationError

from fastapi_chassis.api.middleware.cross_origin import CrossOrigin
from fastapi_chassis.config import CorsConfig
from tests.unit.api.stand import build, problem, speaking

SHOP = {"origins": ["https://shop.example"], "credentials": True}
ASKS = {"Access-Control-Request-Method": "POST"}


@pytest.mark.requirement("API-3")
async def test_a_page_of_a_listed_origin_may_call() -> None:
    async with speaking(build(cors=SHOP)) as client:
        origin = {"Origin": "https://shop.example"}
        preflight = await client.options("/api/items/", headers=origin | ASKS)
        response = await client.get("/api/items/", headers=origin)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "If-Match" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["access-control-max-age"] == "600"
    assert response.headers["access-control-allow-origin"] == "https://shop.example"
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "ETag" in response.headers["access-control-expose-headers"]
    assert response.headers["vary"] == "Origin"


@pytest.mark.requirement("API-3", "MISTAKE-13")
@pytest.mark.parametrize(
    "origin",
    ["null", "https://shop.example.evil", "https://evilshop.example", "http://shop.example", "https://shop.example:8443",
     "HTTPS://SHOP.EXAMPLE", "*"],
)  # fmt: skip
async def test_no_other_origin_is_ever_reflected(origin: str) -> None:
    async with speaking(build(cors=SHOP)) as client:
        preflight = await client.options("/api/items/", headers={"Origin": origin} | ASKS)
        response = await client.get("/api/items/", headers={"Origin": origin})

    assert problem(preflight, 403)["error_code"] == "ORIGIN_REFUSED"
    for answer in (preflight, response):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["vary"] == "Origin"


@pytest.mark.requirement("API-3")
async def test_errors_can_be_read_by_the_page_too() -> None:
    async with speaking(build(cors=SHOP)) as client:
        origin = {"Origin": "https://shop.example"}
        responses = [
            await client.get("/nowhere", headers=origin),
            await client.get("/api/items/?limit=-1", headers=origin),
            await client.get("/api/items/?title=%00", headers=origin),
            await client.post("/api/echo", headers=origin | {"content-length": "x"}),
        ]

    assert [one.status_code for one in responses] == [404, 422, 422, 400]
    assert all(one.headers["access-control-allow-origin"] == "https://shop.example" for one in responses)


async def test_any_origin_may_call_without_credentials() -> None:
    async with speaking(build(cors={"origins": ["*"]})) as client:
        response = await client.get("/api/items/", headers={"Origin": "https://anywhere.example"})
        plain = await client.get("/api/items/")

    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers
    assert "access-control-allow-origin" not in plain.headers


@pytest.mark.requirement("MISTAKE-13")
def test_any_origin_with_credentials_is_refused_by_configuration_and_by_the_edge() -> None:
    with pytest.raises(ValidationError):
        CorsConfig(origins=("*",), credentials=True)
    with pytest.raises(ValueError, match="act as the user"):
        CrossOrigin(CorsConfig.model_construct(origins=("*",), credentials=True))


async def test_options_of_a_client_that_is_no_page_reaches_the_routes() -> None:
    async with speaking(build(cors=SHOP)) as client:
        problem(await client.options("/api/items/"), 405)


async def test_without_origins_nothing_is_said_about_them() -> None:
    async with speaking(build()) as client:
        response = await client.get("/api/items/", headers={"Origin": "https://shop.example"})

    assert "vary" not in response.headers
    assert "access-control-allow-origin" not in response.headers
