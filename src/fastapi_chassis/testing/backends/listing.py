"""The table of backends: name, version, where each would come from here, and its state."""

from collections.abc import Iterable

from fastapi_chassis.testing.backends.backend import given_address
from fastapi_chassis.testing.backends.catalogue import Recipe
from fastapi_chassis.testing.backends.run_folder import running
from fastapi_chassis.testing.backends.source import State

HEADINGS = ("backend", "version", "source", "state")


def table(recipes: Iterable[Recipe]) -> str:
    """Return the table as text; reasons of what is absent stand below it."""
    live = running()
    rows: list[tuple[str, ...]] = [HEADINGS]
    notes: list[str] = []
    for recipe in recipes:
        row, reasons = describe(recipe)
        rows.append((*row[:3], f"{row[3]}, runs now" if recipe.name in live else row[3]))
        notes += reasons
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def describe(recipe: Recipe) -> tuple[tuple[str, str, str, str], list[str]]:
    """Return the row of a backend, and why better sources are not taken."""
    if given_address(recipe) is not None:
        return (recipe.name, "?", recipe.url_variable, State.READY.value), []
    offers = [(source, source.offer()) for source in recipe.sources()]
    reasons = [
        f"{recipe.name}: no {source.label}: {offer.reason}" for source, offer in offers if offer.reason
    ]
    for wanted in (State.READY, State.BUILDABLE):
        for source, offer in offers:
            if offer.state is wanted:
                return (recipe.name, recipe.version, source.label, wanted.value), []
    return (recipe.name, recipe.version, "-", State.ABSENT.value), reasons
