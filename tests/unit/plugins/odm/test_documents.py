"""Documents of Beanie, where there is no Beanie."""

import importlib
import sys

import pytest

from fastapi_chassis.domain import ChassisError

DOCUMENTS = "fastapi_chassis.plugins.odm.documents"


def test_it_says_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "beanie" or name == DOCUMENTS]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "beanie", None)
    with pytest.raises(ChassisError) as told:
        importlib.import_module(DOCUMENTS)
    (finding,) = told.value.findings
    assert "needs Beanie" in finding.what
    assert "fastapi-chassis[odm]" in finding.remedy
