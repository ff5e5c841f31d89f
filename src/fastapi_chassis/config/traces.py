"""Traces: what is known about each path, and what is wrong."""

from dataclasses import dataclass, field

from fastapi_chassis.config.origins import DEFAULT, Origin, Path
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.shapes import Shape


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known about each path.

    Args:
        report: takes findings.
        origins: where each value came from.
        places: where each section stands.
        shapes: what is wanted.
    """

    report: Report = field(default_factory=Report)
    origins: dict[Path, Origin] = field(default_factory=dict)
    places: dict[Path, Origin] = field(default_factory=dict)
    shapes: dict[Path, Shape] = field(default_factory=dict)

    def nearest_origin(self, path: Path) -> Origin:
        """Where the value at a path came from, or else where the section around it stands."""
        for length in range(len(path), 0, -1):
            origin = self.origins.get(path[:length]) or self.places.get(path[:length])
            if origin is not None:
                return origin
        return DEFAULT
