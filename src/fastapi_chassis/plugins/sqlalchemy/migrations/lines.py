"""Lines: the two sequences of Alembic versions, the library's own and the service's."""

import ast
import io
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, column, inspect, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from fastapi_chassis.plugins.sqlalchemy.columns import (
    DECIMAL_COLLATION,
    Document,
    EnumValue,
    PlainUuid,
    SqliteDecimal,
    SqliteMoment,
    SqliteSpan,
)

if TYPE_CHECKING:
    from alembic.config import Config

_RENDERED: dict[type, str | bool] = {
    PlainUuid: "postgresql.UUID()",
    SqliteMoment: "sa.Text()",
    SqliteDecimal: f'sa.Text(collation="{DECIMAL_COLLATION}")',
    SqliteSpan: "sa.BigInteger()",
    Document: 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")',
    EnumValue: 'sa.Text().with_variant(sa.Text(collation="C"), "postgresql")',
    postgresql.JSONB: "postgresql.JSONB()",
}
_HOME = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Line:
    """One sequence of versions.

    Args:
        name: as reports call it.
        folder: where its versions are.
        version_table: where the database notes its version.
    """

    name: str
    folder: Path
    version_table: str

    def config(self, connection: Connection, **given: object) -> "Config":
        """Makes what Alembic's commands want to know."""
        from alembic.config import Config

        config = Config(stdout=io.StringIO(), cmd_opts=Namespace(quiet=True))
        config.set_main_option("script_location", _escaped(_HOME))
        config.set_main_option("version_locations", _escaped(self.folder))
        config.set_main_option("path_separator", "os")
        config.attributes.update(given, connection=connection, version_table=self.version_table)
        return config

    def heads(self) -> frozenset[str]:
        """Returns the newest versions; read without Alembic, whose import takes longer than a start."""
        found = [_names_in(path) for path in self.folder.glob("*.py")]
        behind = {name for names in found for name in names.get("down_revision", ())}
        return frozenset(name for names in found for name in names.get("revision", ())) - behind

    def current(self, connection: Connection) -> frozenset[str]:
        """Returns the versions that the database is at."""
        if not inspect(connection).has_table(self.version_table):
            return frozenset()
        noted: Select[Any] = select(column("version_num")).select_from(table(self.version_table))
        return frozenset(connection.scalars(noted))


LIBRARY = Line("fastapi-chassis", _HOME / "versions", "chassis_version")


def lines_of(service_migrations: Path | None) -> tuple[Line, ...]:
    """Returns the library's line, and the service's if it has versions."""
    if service_migrations is None or versions_in(service_migrations) is None:
        return (LIBRARY,)
    return (LIBRARY, service_line(service_migrations))


def service_line(folder: Path) -> Line:
    """Returns the line of a service, whose versions are in a folder or in `versions` below it."""
    inner = folder / "versions"
    return Line("service", inner if inner.is_dir() else folder, "alembic_version")


def versions_in(service_migrations: Path | None) -> Path | None:
    """Finds the folder that holds a service's versions; None if it has none."""
    if service_migrations is None:
        return None
    folder = service_line(service_migrations).folder
    return folder if any(folder.glob("*.py")) else None


def noting(applied: list[str], line: Line) -> Sequence[Callable[..., None]]:
    """Makes the listener that notes each version that is applied."""

    def note(step: Any, **_: object) -> None:
        revision = step.up_revision
        verb = "" if step.is_upgrade else " (undone)"
        applied.append(f"{line.name} {revision.revision} {revision.doc.rstrip('.')}{verb}")

    return (note,)


def is_foreign(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves the library's tables out of what is compared with the service's entities."""
    return not (kind == "table" and (name or "").startswith("chassis_"))


def render_type(kind: str, value: object, context: Any) -> str | bool:
    """Writes the library's column types as plain ones, so that a version stays as it is for ever."""
    if kind != "type":
        return False
    if isinstance(value, PlainUuid | Document | postgresql.JSONB):
        context.imports.add("from sqlalchemy.dialects import postgresql")
    if isinstance(value, EnumValue) and value.is_number:
        return "sa.BigInteger()"
    return _RENDERED.get(type(value), False)


def has_other_type(
    _context: object, _column: object, _wanted: object, _type: object, wanted: object
) -> bool | None:
    """Compares a column's type with the database's; a type of the library is what it is."""
    return False if isinstance(wanted, Document | EnumValue | PlainUuid) else None


def _names_in(path: Path) -> dict[str, tuple[str, ...]]:
    """Reads the names of revisions that a version assigns."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in {"revision", "down_revision"}:
                found[name] = tuple(
                    str(one.value) for one in ast.walk(value) if isinstance(one, ast.Constant) and one.value
                )
    return found


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
