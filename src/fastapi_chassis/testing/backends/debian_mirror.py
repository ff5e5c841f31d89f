"""The Debian mirror that apt is set up with, from deb822 and one-line source lists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

APT_FOLDER = Path("/etc/apt")
SUITES = frozenset(
    {"bullseye", "bookworm", "trixie", "forky", "duke", "sid", "stable", "testing", "unstable"}
)

# deb [options] address suite components
ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)")


@dataclass(frozen=True, slots=True)
class Archive:
    """One entry of apt's sources."""

    uri: str
    suites: frozenset[str]
    components: frozenset[str]

    @property
    def is_debian(self) -> bool:
        """Whether it is a whole suite of Debian: security and third parties are not."""
        return "main" in self.components and bool(self.suites & SUITES)


def debian_mirror(apt: Path = APT_FOLDER) -> str | None:
    """Return the address of Debian's main archive in apt's sources, or None.

    Args:
        apt: apt's folder of settings.
    """
    found = [archive.uri.rstrip("/") for archive in _archives(apt) if archive.is_debian]
    # Third parties name their suites after Debian's too; the archive itself is mostly called so.
    found.sort(key=lambda uri: not uri.endswith("/debian"))
    return found[0] if found else None


def _archives(apt: Path) -> Iterator[Archive]:
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        yield from _deb822(file.read_text())
    for file in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))):
        if file.exists():
            yield from _one_line(file.read_text())


def _deb822(text: str) -> Iterator[Archive]:
    for paragraph in text.split("\n\n"):
        lines = (line.partition(":") for line in paragraph.splitlines() if not line.startswith("#"))
        fields = {name.strip().lower(): value.split() for name, colon, value in lines if colon}
        if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
            for uri in fields.get("uris", []):
                yield Archive(
                    uri, frozenset(fields.get("suites", [])), frozenset(fields.get("components", []))
                )


def _one_line(text: str) -> Iterator[Archive]:
    for line in text.splitlines():
        entry = ONE_LINE.match(line.partition("#")[0].strip())
        if entry:
            yield Archive(entry[1], frozenset({entry[2]}), frozenset(entry[3].split()))
