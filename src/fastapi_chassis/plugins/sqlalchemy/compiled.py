"""Statement: SQL that is built once, and compiled once where the driver is asked directly."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Table, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Float, TypeEngine

type Process = Callable[[Any], Any]
type Places = tuple[tuple[int, Process], ...]
type Row = Sequence[object]

_DOUBLE, _NUMERIC = 701, 1700  # PostgreSQL's numbers of these types


@dataclass(frozen=True, slots=True)
class Compiled:
    """The SQL of a statement as the driver takes it.

    Args:
        text: with parameters by position.
        slots: the name of each parameter, and what makes its value fit for the driver.
        constants: parameters that the statement brings along.
        results: the columns whose values are not yet what the entity holds.
    """

    text: str
    slots: tuple[tuple[str, Process | None], ...]
    constants: Mapping[str, object]
    results: Places

    def arguments(self, parameters: Mapping[str, object]) -> list[object]:
        """Returns the values in the order of their places."""
        given = {**self.constants, **parameters} if self.constants else parameters
        return [given[name] if process is None else process(given[name]) for name, process in self.slots]

    def rows(self, records: Sequence[Row]) -> Sequence[Row]:
        """Returns rows whose values are what the entity holds."""
        return list(processed(records, self.results)) if self.results else records


@dataclass(frozen=True, slots=True)
class CopyTarget:
    """Where COPY writes rows.

    Args:
        table: its name.
        schema: its schema; None for the first of the search path.
        columns: their names, in the order of a row's values.
        values: the columns whose values must be made fit for the driver.
    """

    table: str
    schema: str | None
    columns: tuple[str, ...]
    values: Places


class Statement:
    """A statement of a repository, the same object for every question of its shape.

    Args:
        element: what SQLAlchemy runs.
        driver: the dialect of a driver that may run it instead.
    """

    def __init__(self, element: Executable, driver: Dialect | None = None) -> None:
        self.element = element
        self._driver = driver

    @cached_property
    def compiled(self) -> Compiled | None:
        """What the driver runs; None where SQLAlchemy has to do more than send it."""
        return None if self._driver is None else _compiled(self.element, self._driver)


def processed(rows: Iterable[Row], places: Places) -> Iterable[Row]:
    """Yields rows with some of their values changed."""
    for row in rows:
        values = list(row)
        for place, process in places:
            values[place] = process(values[place])
        yield values


def copy_target(table: Table, columns: Mapping[str, TypeEngine[Any]], driver: Dialect) -> CopyTarget | None:
    """Says how COPY writes values of these types; None where a value or a default is made by SQL or Python.

    Args:
        table: where they go.
        columns: the types of the values, by the key of their column.
        driver: what sends them.
    """
    made = any(column.default is not None and column.key not in columns for column in table.columns)
    if made or any(
        kind.bind_expression(bindparam(None, type_=kind)) is not None for kind in columns.values()
    ):
        return None
    impls = (kind.dialect_impl(driver) for kind in columns.values())
    found = ((place, impl.bind_processor(driver)) for place, impl in enumerate(impls))
    values = tuple((place, process) for place, process in found if process is not None)
    return CopyTarget(table.name, table.schema, tuple(table.c[key].name for key in columns), values)


def _compiled(element: Executable, driver: Dialect) -> Compiled | None:
    made = cast("SQLCompiler", element.compile(dialect=driver))  # type: ignore[attr-defined]  # all of ours can
    binds = {name: made.binds[name] for name in made.positiontup or ()}
    by_python = made.insert_prefetch or made.update_prefetch or made.post_compile_params
    if by_python or any(bind.callable is not None for bind in binds.values()):
        return None
    slots = tuple(
        (name, bind.type.dialect_impl(driver).bind_processor(driver)) for name, bind in binds.items()
    )
    constants = {name: bind.value for name, bind in binds.items() if not bind.required}
    return Compiled(made.string, slots, constants, _results(element, driver))


def _results(element: Executable, driver: Dialect) -> Places:
    columns = getattr(element, "exported_columns", ())
    found = ((place, _result(column.type, driver)) for place, column in enumerate(columns))
    return tuple((place, process) for place, process in found if process is not None)


def _result(kind: TypeEngine[Any], driver: Dialect) -> Process | None:
    impl = kind.dialect_impl(driver)
    number = _DOUBLE if isinstance(getattr(impl, "impl_instance", impl), Float) else _NUMERIC
    return impl.result_processor(driver, number)
