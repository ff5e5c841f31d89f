"""ConfigurationError, and the one report of all findings, as text and as JSON."""

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import ClassVar

from fastapi_chassis.domain import ChassisError, Finding

WIDTH = 100


class ConfigurationError(ChassisError):
    """The configuration can't be used; carries every finding.

    Args:
        findings: everything that is wrong.
        kinds: the plugin that each section means; None where the sections could not be read.
    """

    title: ClassVar[str] = "configuration"

    def __init__(self, *findings: Finding, kinds: Mapping[str, str] | None = None) -> None:
        super().__init__(*findings)
        self.kinds = kinds


def render_report(title: str, findings: Iterable[Finding], *, hint: str = "") -> str:
    """The report as text, at most 100 columns wide where words allow it.

    Args:
        title: what failed, as `shop could not start`.
        findings: everything that is wrong.
        hint: the last line, as what else the operator can run.
    """
    found = tuple(findings)
    indent = len(str(len(found))) + 2
    blocks = [_block(number, finding, indent) for number, finding in enumerate(found, start=1)]
    head = f"{_visible(title)}: {_count(found)}"
    return "\n".join([head, "", *blocks, *(["", _visible(hint)] if hint else [])])


def as_json(title: str, findings: Iterable[Finding], *, hint: str = "") -> str:
    """The report as one JSON object, for programs."""
    listed = [{"what": one.what, "where": one.where, "remedy": one.remedy} for one in findings]
    return json.dumps({"title": title, "findings": listed, "hint": hint}, ensure_ascii=False)


def _count(findings: tuple[Finding, ...]) -> str:
    return "1 finding" if len(findings) == 1 else f"{len(findings)} findings"


def _block(number: int, finding: Finding, indent: int) -> str:
    what, remedy = _visible(finding.what), _sentence(_visible(finding.remedy))
    head, below = (_visible(finding.where), [what, remedy]) if finding.where else (what, [remedy])
    joined = f"{what}. {remedy}"
    if finding.where and remedy[:1].isupper() and len(joined) <= WIDTH - indent:
        below = [joined]
    lines = [_wrapped(line, " " * indent, indent) for line in below if line]
    return "\n".join([_wrapped(head, f"{number}".ljust(indent), indent), *lines])


def _sentence(text: str) -> str:
    """The remedy as a sentence; after a quote or bracket a full stop would be copied along."""
    return f"{text}." if text[-1:].isalnum() else text


def _wrapped(text: str, first: str, indent: int) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )


def _visible(text: str) -> str:
    """The text on one line, control characters written out: nothing in it can paint over the report."""
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}"
        for character in text.replace("\n", "  ")
    )
