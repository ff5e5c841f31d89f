"""Report: collects the findings of every stage, each with its place, in the order of the files."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fastapi_chassis.config.masking import scrubbed
from fastapi_chassis.config.origins import Layer, Origin, Path, dotted, variable_for
from fastapi_chassis.config.production import is_known_default
from fastapi_chassis.domain import Finding


@dataclass(slots=True)
class Report:
    """What is wrong so far.

    Args:
        secrets: texts that no finding may show.
        spoiled: paths that already have a finding; what follows from it isn't reported again.
    """

    secrets: set[str] = field(default_factory=set)
    spoiled: set[Path] = field(default_factory=set)
    _findings: list[tuple[tuple[int, str, int], Finding]] = field(default_factory=list)

    def add(self, what: str, origin: Origin | None = None, path: Path = (), remedy: str = "") -> None:
        """Note a finding; its place is made of the origin and the path."""
        self.spoiled.update({path} if path else ())
        known = origin is not None and origin.layer is not Layer.DEFAULT
        place = origin.place if origin is not None and known else ""
        says_path = bool(path) and (place.endswith(f" {dotted(path)}") or variable_for(path) in place)
        where = place if says_path else "  ".join(part for part in (place, dotted(path)) if part)
        self.add_finding(Finding(what, where, remedy), origin if known else None)

    def add_finding(self, finding: Finding, origin: Origin | None = None) -> None:
        """Note a finding that already says where."""
        order = (origin.layer, origin.source, origin.line or 0) if origin else (len(Layer), "", 0)
        self._findings.append((order, finding))

    def is_spoiled(self, path: Path) -> bool:
        """Whether a finding stands at this path or above it."""
        return any(path[:length] in self.spoiled for length in range(1, len(path) + 1))

    def is_spoiled_below(self, path: Path) -> bool:
        """Whether a finding stands somewhere below this path."""
        return any(spoiled[: len(path)] == path for spoiled in self.spoiled)

    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of layers and lines, without the secrets."""
        ordered = sorted(self._findings, key=lambda entry: entry[0])
        return tuple(dict.fromkeys(self._scrubbed(finding for _, finding in ordered)))

    def _scrubbed(self, findings: Iterable[Finding]) -> Iterable[Finding]:
        secrets = frozenset(secret for secret in self.secrets if not is_known_default(secret))
        for finding in findings:
            yield Finding(
                scrubbed(finding.what, secrets),
                scrubbed(finding.where, secrets),
                scrubbed(finding.remedy, secrets),
            )

    def __bool__(self) -> bool:
        return bool(self._findings)
