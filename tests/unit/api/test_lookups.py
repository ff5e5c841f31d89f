import pytest

from fastapi_chassis.api import Filters
from fastapi_chassis.domain import WiringError
from tests.unit.api.stand import Item, build, problem, speaking

SHELF = (
    {"title": "Dune", "price": "10", "meta": {"color": "red"}},
    {"title": "100% Emma", "price": "20", "meta": {"color": "dark red"}},
    {"title": "100 years", "price": "30", "meta": {"color": "blue"}},
)
FOUND = {
    "title=Dune": {"Dune"},
    "title__ilike=DUNE": {"Dune"},
    "title__ilike=100%25": {"100% Emma"},
    "title__ilike=_": set(),
    "title__ilike=%5C": set(),
    "title__in=Dune&title__in=100%20years": {"Dune", "100 years"},
    "price__gte=20": {"100% Emma", "100 years"},
    "price__between=10&price__between=20": {"Dune", "100% Emma"},
    "meta__color__jsonb_like=red": {"Dune", "100% Emma"},
    "price__gte=20&title__ilike=emma": {"100% Emma"},
}


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize(("query", "titles"), FOUND.items(), ids=FOUND)
async def test_filters_find(query: str, titles: set[str]) -> None:
    async with speaking(build()) as client:
        for item in SHELF:
            assert (await client.post("/api/items/", json=item)).status_code == 201
        response = await client.get(f"/api/items/?{query}")

    assert set(response.json()["items"]) == titles


WRONG = (
    *("price__lt=3", "id__in=1", "version=1", "title__like=a", "__class__=a", "title__=a"),
    *("price__gte=abc", "price__gte=NaN", "price__gte=Infinity", "meta__secret__jsonb_like=a"),
    *("price__between=1", "price__between=1&price__between=2&price__between=3"),
    *("order=id", "order=price&order=title&order=-price", "title=a&title=b", "title=" + "a" * 201),
    "&".join(f"title__in={n}" for n in range(101)),
)


@pytest.mark.requirement("REP-3")
@pytest.mark.parametrize("query", WRONG, ids=lambda query: query[:40])
async def test_what_is_not_allowed_is_refused_before_any_query(query: str) -> None:
    async with speaking(build()) as client:
        problem(await client.get(f"/api/items/?{query}"), 422)


async def test_an_order_is_asked_for_by_name() -> None:
    async with speaking(build()) as client:
        for item in SHELF:
            await client.post("/api/items/", json=item)
        response = await client.get("/api/items/?order=-price&order=title")

    assert response.json()["items"] == ["100 years", "100% Emma", "Dune"]


@pytest.mark.requirement("API-6")
async def test_filters_stand_in_the_document_with_their_types() -> None:
    async with speaking(build()) as client:
        document = (await client.get("/openapi.json")).json()

    listed = {one["name"]: one for one in document["paths"]["/api/items/"]["get"]["parameters"]}
    assert listed.keys() == {
        *("title", "title__ilike", "title__in", "price__gte", "price__lte", "price__between"),
        *("meta__color__jsonb_like", "order", "limit", "after"),
    }
    assert listed["title__in"]["schema"]["anyOf"][0]["maxItems"] == 100
    assert listed["title__ilike"]["description"] == "title contains this text, in any case"
    assert listed["order"]["schema"]["anyOf"][0]["items"]["enum"] == ["price", "-price", "title", "-title"]


def test_a_filter_that_cannot_be_is_found_when_it_is_declared() -> None:
    with pytest.raises(WiringError) as told:
        Filters(Item, allow={"titel": ("e",), "price": ("about",)}, order=("colour",))

    assert [finding.what for finding in told.value.findings] == [
        "Filters(Item) allows titel, which Item does not have",
        "Filters(Item) allows colour, which Item does not have",
        "Filters(Item) allows price__about, which Item does not have",
    ]


IMPOSSIBLE = ("title__jsonb_like", "price__like", "title__k__e", "meta__gt", "meta__k__gt")


def test_a_lookup_that_the_field_does_not_offer_is_found_when_it_is_declared() -> None:
    allow = {name: (lookup,) for name, _, lookup in (one.rpartition("__") for one in IMPOSSIBLE)}
    with pytest.raises(WiringError) as told:
        Filters(Item, allow=allow, order=("meta", "title__k"))

    assert [finding.what.split(",")[0] for finding in told.value.findings] == [
        f"Filters(Item) allows {name}" for name in (*IMPOSSIBLE, "meta", "title__k")
    ]
