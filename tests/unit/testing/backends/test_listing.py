from fastapi_chassis.testing.backends import open_backend
from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.listing import table


def test_each_backend_is_a_row_with_its_state(recipe, monkeypatch):
    buildable = Artifact("thing", "1", lambda folder: None, lambda: None)
    monkeypatch.setenv("CHASSIS_TEST_GIVEN_URL", "little://elsewhere:1")
    recipes = [
        recipe(name="here"),
        recipe(name="to_build", artifacts=(buildable,)),
        recipe(name="given"),
        recipe(name="away", obstacle="no little thing"),
    ]
    lines = table(recipes).splitlines()
    assert [line.split() for line in lines] == [
        ["backend", "version", "source", "state"],
        ["here", "1", "python", "ready"],
        ["to_build", "1", "python", "to", "build"],
        ["given", "?", "CHASSIS_TEST_GIVEN_URL", "ready"],
        ["away", "1", "-", "absent"],
        [],
        ["away:", "no", "python:", "no", "little", "thing"],
    ]


def test_a_running_server_is_marked(recipe):
    with open_backend(recipe()):
        assert table([recipe()]).endswith("ready, runs now")


def test_no_address_with_its_password_is_printed(recipe, monkeypatch):
    monkeypatch.setenv("CHASSIS_TEST_LITTLE_URL", "little://user:canary@elsewhere:1")
    assert "canary" not in table([recipe()])
