"""Every block of the README and the documentation runs as printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HARNESS = Path(__file__).with_name("page.py")


def pages() -> list[str]:
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.requirement("MISTAKE-2")
@pytest.mark.parametrize("page", pages())
def test_blocks_run_as_printed(page: str, tmp_path: Path) -> None:
    if "```" not in (ROOT / page).read_text(encoding="utf-8"):
        return
    done = subprocess.run(
        [sys.executable, str(HARNESS), str(ROOT / page), page],
        cwd=tmp_path,
        env=page_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{done.stderr}\n{done.stdout}", pytrace=False)


def page_environment() -> dict[str, str]:
    """The caller's variables without those that configure a service: a page shows what it needs."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CHASSIS_", "PYTEST_"))}
