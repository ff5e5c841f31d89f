from fastapi_chassis.config import Layer, Origin
from fastapi_chassis.config.origins import DEFAULT, dotted, last_key, variable_for


def test_texts() -> None:
    assert str(Origin(Layer.FILE, "a.yaml", 7, ("A", "B"))) == "a.yaml:7 ${A}, ${B}"
    assert str(Origin(Layer.ENVIRONMENT, "environment variable X")) == "environment variable X"
    assert str(DEFAULT) == "default"


def test_paths() -> None:
    path = ("api", "cors", "origins", 0)
    assert dotted(path) == "api.cors.origins[0]"
    assert last_key(path) == "origins"
    assert last_key(()) == ""
    assert variable_for(("plugins", "my-db", "urls", 0)) == "CHASSIS_PLUGINS__MY_DB__URLS"


def test_only_variables_and_files_of_secrets_fold_case() -> None:
    assert [layer.name for layer in Layer if layer.folds_case] == ["SECRETS", "DOTENV", "ENVIRONMENT"]
