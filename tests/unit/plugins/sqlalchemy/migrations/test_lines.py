from pathlib import Path

from fastapi_chassis.plugins.sqlalchemy.columns import Document, EnumValue, PlainUuid
from fastapi_chassis.plugins.sqlalchemy.migrations.lines import (
    LIBRARY,
    Line,
    has_other_type,
    is_foreign,
    lines_of,
    render_type,
    versions_in,
)
from fastapi_chassis.testing.contracts.samples import Colour


def version(folder: Path, name: str, behind: str) -> None:
    (folder / f"{name}.py").write_text(f'"""doc"""\nrevision: str = "{name}"\ndown_revision = {behind}\n')


def test_the_newest_versions_are_those_that_nothing_follows(tmp_path):
    version(tmp_path, "a", "None")
    version(tmp_path, "b", '"a"')
    version(tmp_path, "c", '"a"')
    line = Line("service", tmp_path, "alembic_version")
    assert line.heads() == {"b", "c"}
    version(tmp_path, "d", '("b", "c")')
    assert line.heads() == {"d"}


def test_the_library_has_one_newest_version():
    assert len(LIBRARY.heads()) == 1


def test_a_service_has_a_line_once_it_has_versions(tmp_path):
    assert lines_of(None) == (LIBRARY,)
    assert lines_of(tmp_path) == (LIBRARY,)
    assert versions_in(tmp_path / "missing") is None
    (tmp_path / "versions").mkdir()
    version(tmp_path / "versions", "a", "None")
    assert [line.folder for line in lines_of(tmp_path)][1:] == [tmp_path / "versions"]


def test_the_library_s_tables_are_not_the_service_s_business():
    assert not is_foreign("chassis_outbox", "table", None)
    assert is_foreign("items", "table", None)
    assert is_foreign("chassis_name", "column", None)


class Autogenerate:
    def __init__(self) -> None:
        self.imports = set()


def test_types_of_the_library_are_written_as_plain_ones():
    context = Autogenerate()
    assert render_type("type", PlainUuid(), context) == "postgresql.UUID()"
    assert "JSONB" in render_type("type", Document("meta"), context)
    assert context.imports == {"from sqlalchemy.dialects import postgresql"}
    assert "sa.Text" in render_type("type", EnumValue(Colour), context)
    assert render_type("server_default", EnumValue(Colour), context) is False
    assert has_other_type(None, None, None, None, EnumValue(Colour)) is False
    assert has_other_type(None, None, None, None, object()) is None
