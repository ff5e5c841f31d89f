"""Output: tables, JSON and reports, the same for every command."""

import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from fastapi_chassis.config import masked_text, render_report
from fastapi_chassis.domain import ChassisError, Finding

WIDTH = 100
FOUND_SOMETHING = 1
COULD_NOT_RUN = 2
_NARROW = 12  # columns that a cut column keeps while another can give way


def print_json(value: object) -> None:
    """Prints a value for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(rows: Sequence[Mapping[str, str]], *, cut: str = "") -> None:
    """Prints rows under their names, in at most 100 columns.

    Args:
        rows: cells by column.
        cut: the column that gives way first; after it, whichever is the widest.
    """
    if not rows:
        return
    names = list(rows[0])
    widths = _fitted({name: max(len(name), *(len(row[name]) for row in rows)) for name in names}, cut)
    for row in ({name: name for name in names}, *rows):
        typer.echo("  ".join(_cut(row[name], widths[name]).ljust(widths[name]) for name in names).rstrip())


def _fitted(widths: dict[str, int], cut: str) -> dict[str, int]:
    excess = sum(widths.values()) - (WIDTH - 2 * (len(widths) - 1))
    for _ in range(excess):
        has_room = widths.get(cut, 0) > _NARROW
        widths[cut if has_room else max(widths, key=lambda name: widths[name])] -= 1
    return widths


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def print_findings(title: str, findings: Iterable[Finding], *, as_json: bool) -> None:
    """Prints what a look at the application found, and ends with exit code 1 if that is anything."""
    found = tuple(findings)
    if as_json:
        print_json({"title": title, "findings": as_rows(found)})
    else:
        typer.echo(render_report(title, found) if found else f"{title}: well")
    if found:
        raise typer.Exit(FOUND_SOMETHING)


def as_rows(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings for programs."""
    return [{"what": one.what, "where": one.where, "remedy": one.remedy} for one in findings]


@contextmanager
def reported(title: str, *, trace: bool = False, as_json: bool = False, hint: str = "") -> Iterator[None]:
    """Turns whatever keeps a command from running into one report and exit code 2.

    Args:
        title: what failed, such as `shop could not start`.
        trace: also show the stack.
        as_json: print the report for programs.
        hint: the last line of the report.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as fault:  # noqa: BLE001 - a report is all that an operator needs of it
        if trace:
            traceback.print_exc()
        findings = fault.findings if isinstance(fault, ChassisError) else (unexpected(fault),)
        if as_json:
            print_json({"title": title, "findings": as_rows(findings)})
        else:
            typer.echo(render_report(title, findings, hint=hint), err=True)
        raise typer.Exit(COULD_NOT_RUN) from None


def unexpected(fault: BaseException) -> Finding:
    """Says what is known of a failure that nobody foresaw: mostly one in the application's own code."""
    name = type(fault).__name__
    if isinstance(fault, SyntaxError):
        return Finding(f"{name}: {fault.msg}", _place(fault.filename or "", fault.lineno), "correct it.")
    frames = traceback.extract_tb(fault.__traceback__)
    last = ([one for one in frames if _is_own(Path(one.filename))] or frames)[-1]
    text = masked_text(" ".join(str(fault).split()))
    remedy = "add --trace to see how it came to that."
    return Finding(f"{name}: {text}" if text else name, _place(last.filename, last.lineno), remedy)


def _is_own(file: Path) -> bool:
    is_library = {"site-packages", "fastapi_chassis"}.intersection(file.parts)
    return file.is_relative_to(Path.cwd()) and not is_library


def _place(file: str, line: int | None) -> str:
    path, folder = Path(file), Path.cwd()
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path}:{line}"


def is_terminal() -> bool:
    """Whether a person is looking, and colours and progress make sense."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
