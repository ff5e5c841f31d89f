import pytest

from fastapi_chassis.testing.backends import RECIPES, BackendUnavailableError
from fastapi_chassis.testing.backends.catalogue import recipe_for


def test_each_backend_has_a_name_of_its_own_and_variables():
    assert [recipe.name for recipe in RECIPES] == [
        "postgresql",
        "pgbouncer",
        "replica",
        "valkey",
        "rabbitmq",
        "nats",
        "kafka",
        "ferretdb",
        "hydra",
        "kratos",
    ]
    assert recipe_for("hydra").url_variable == "CHASSIS_TEST_HYDRA_URL"
    assert recipe_for("hydra").variable("admin") == "CHASSIS_TEST_HYDRA_ADMIN_URL"


TWO_SERVERS = {"pgbouncer", "replica"}  # no image holds both


@pytest.mark.requirement("TST-3")
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_each_backend_comes_from_a_local_program_or_else_from_a_container(recipe):
    labels = [source.label for source in recipe.sources()]
    assert len(labels) >= 2
    assert (labels[-1] == "container") is (recipe.name not in TWO_SERVERS)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BackendUnavailableError, match="postgresql, pgbouncer"):
        recipe_for("oracle")
