"""Points: places in a process where the rig may end it, freeze it or hold it up; each hit leaves a file."""

import asyncio
import os
import signal
import time
from itertools import count
from pathlib import Path

KILL, FREEZE = "kill", "freeze"


class Points:
    """The points of one process, in the folder of a run.

    Args:
        folder: shared with the rig, which arms points there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._hits = count(1)

    def is_armed(self, point: str) -> bool:
        """Whether something would happen there."""
        return Path(f"{self._folder}/armed {point}").exists()

    def reach(self, point: str) -> float:
        """Does what the point is armed with; returns the seconds for which the caller is to wait."""
        hit = f"{self._folder}/hit {point} {os.getpid()} {next(self._hits)}"
        try:
            Path(f"{self._folder}/armed {point}").rename(hit)  # of several processes, one succeeds
        except FileNotFoundError:
            return 0.0
        action = Path(hit).read_text()
        if action == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if action == FREEZE:
            os.kill(os.getpid(), signal.SIGSTOP)
            return 0.0
        return float(action)

    async def pass_by(self, point: str) -> None:
        """The same for code that can wait."""
        if seconds := self.reach(point):
            await asyncio.sleep(seconds)


class Arms:
    """The rig's side of the points.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def strike(self, point: str, action: str, *, within: float) -> int | None:
        """Has the next process that comes by do something: kill, freeze, or wait so many seconds.

        Returns:
            The id of the process; None where none came by in time.
        """
        before, armed = self.hits(point), self._folder / f"armed {point}"
        draft = self._folder / f"draft {point}"
        draft.write_text(action)
        draft.rename(armed)
        deadline = time.monotonic() + within
        while self.hits(point) == before:
            if time.monotonic() > deadline:
                armed.unlink(missing_ok=True)
                break
            await asyncio.sleep(0.01)
        return None if self.hits(point) == before else self._latest(point)

    def disarm(self) -> None:
        """Takes every arm away."""
        for armed in self._folder.glob("armed *"):
            armed.unlink(missing_ok=True)

    def hits(self, point: str) -> int:
        """Counts how often a process came by an armed point."""
        return len(list(self._folder.glob(f"hit {point} *")))

    def _latest(self, point: str) -> int:
        newest = max(self._folder.glob(f"hit {point} *"), key=lambda file: file.stat().st_ctime_ns)
        return int(newest.name.split()[-2])
