"""Validates the values of a section and turns what pydantic finds into findings with their places."""

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.masking import is_secret_name
from fastapi_chassis.config.nearest import nearest
from fastapi_chassis.config.origins import DEFAULT, Layer, Origin, Path, variable_for
from fastapi_chassis.config.shapes import (
    EntriesShape,
    ListShape,
    ModelShape,
    Shape,
    TextShape,
    ValueShape,
    shape_of,
)
from fastapi_chassis.config.traces import Traces
from fastapi_chassis.config.wording import choices_of, is_about_the_value, what_is_wrong

_SHOWN_LENGTH = 40


def validated[M: BaseModel](
    model: type[M], values: object, path: Path, traces: Traces, environment: EnvironmentEnum
) -> M | None:
    """The model of a section; None, and findings, where its values are wrong.

    Args:
        model: the section's model.
        values: what was set.
        path: the path of the section.
        traces: knows where each value came from, and takes the findings.
        environment: the environment whose rules hold.
    """
    try:
        return model.model_validate(values, context={"environment": environment})
    except ValidationError as error:
        seen: set[Path] = set()
        for details in error.errors(include_url=False):
            full = (*path, *_location(model, details, values))
            if full not in seen:
                seen.add(full)
                _note(details, full, traces)
        return None


def _location(model: type[BaseModel], details: ErrorDetails, values: object) -> Path:
    """Where the error is among the values; pydantic also names the members of unions, which nobody wrote."""
    path: list[str | int] = []
    shape: Shape = ModelShape(model)
    missing = len(details["loc"]) - 1 if details["type"] == "missing" else -1
    for index, part in enumerate(details["loc"]):
        is_there = isinstance(values, dict) and part in values
        match shape, part:
            case ModelShape(), str() if part in (fields := shape.fields()):
                shape = shape_of(fields[part])
            case (EntriesShape(item=item), str()) | (ListShape(item=item), int()) if part != "[key]":
                shape = shape_of(item)
            case _ if is_there or (isinstance(values, list) and isinstance(part, int)) or index == missing:
                shape = ValueShape(known=False)
            case _:
                continue
        path.append(part)
        values = _inside(values, part)
    return tuple(path)


def _inside(values: object, part: str | int) -> object:
    match values, part:
        case dict(), _:
            return values.get(part)
        case list(), int() if 0 <= part < len(values):
            return values[part]
    return None


def _note(details: ErrorDetails, path: Path, traces: Traces) -> None:
    report = traces.report
    about_whole = details["type"] in {"value_error", "assertion_error"}
    if report.is_spoiled(path) or (about_whole and report.is_spoiled_below(path)):
        return
    origin = (
        traces.nearest_origin(path) if details["type"] != "refused" else traces.origins.get(path, DEFAULT)
    )
    what = what_is_wrong(details)
    if is_about_the_value(details) and _may_show(path, origin, traces):
        what += _shown(details["input"])
    if origin.variables:
        what += f" (from {', '.join(origin.variables)})"
    report.add(what, origin, path, _remedy(details, path, origin))


def _may_show(path: Path, origin: Origin, traces: Traces) -> bool:
    """Only what a file or an argument says itself, under no secret name, where no secret is wanted."""
    if origin.variables or origin.layer not in {Layer.FILE, Layer.PROFILE, Layer.ARGUMENTS}:
        return False
    if any(is_secret_name(part) for part in path if isinstance(part, str)):
        return False
    match traces.shapes.get(path):
        case TextShape(secret=secret):
            return not secret
        case ValueShape(known=known):
            return known
        case ListShape():
            return True
    return False


def _shown(value: object) -> str:
    if value is None or value == "" or isinstance(value, dict | list):
        return ""
    text = str(value)
    return f": {text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + '...'}"


def _remedy(details: ErrorDetails, path: Path, origin: Origin) -> str:
    kind = details["type"]
    variable = variable_for(path)
    if kind == "refused":
        remedy = str(details.get("ctx", {}).get("remedy", ""))
        return f"{remedy} ({variable})" if origin is DEFAULT and remedy else remedy
    if kind == "missing":
        return f"set it here, or by {variable}"
    if kind in {"enum", "literal_error"} and isinstance(details["input"], str):
        near = nearest(details["input"], choices_of(details))
        if near is not None:
            return f"Did you mean {near}?"
    return ""
