"""Trials: a run with its faults from beginning to end, and what is told of it."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from tests.faults.checker import Counts
from tests.faults.nemesis import Storm, rage
from tests.faults.rig import Load, Site, open_run

MIXED = "mixed"  # the trial of all faults at once
COLUMNS = ("lost", "ghosts", "false_answers", "duplicated", "inversions", "early", "stuck")


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of a trial.

    Args:
        transport: the broker.
        name: of the fault, or `mixed`.
        seed: of the order of faults.
        hits: how often each fault hit.
        wanted: how often it had to.
        counts: the verdict.
        crashes: processes that ended as nobody asked for.
        seconds: it took.
        rate: events per second that were offered.
        commit: of the tree that ran; with a plus where it was changed, nothing where nobody noted it.
    """

    transport: str
    name: str
    seed: int
    hits: Mapping[str, int]
    wanted: Mapping[str, int]
    counts: Counts
    crashes: tuple[str, ...]
    seconds: float
    rate: float
    commit: str = ""

    @property
    def missed(self) -> dict[str, int]:
        """Faults that did not hit often enough: the run proves nothing then."""
        return {name: self.hits[name] for name, least in self.wanted.items() if self.hits[name] < least}

    @property
    def is_proof(self) -> bool:
        """Whether every fault came and every promise was kept."""
        return self.counts.is_clean and not self.missed and not self.crashes

    @property
    def line(self) -> str:
        """One line of the table."""
        counts = asdict(self.counts)
        told = "  ".join(f"{name} {counts[name]}" for name in COLUMNS)
        verdict = "ok" if self.is_proof else "VOID" if self.counts.is_clean else "BROKEN"
        return (
            f"{self.transport:9} {self.name:6} seed {self.seed}  hits {sum(self.hits.values()):3}  "
            f"events {self.counts.events:6}  {told}  again {self.counts.again}  "
            f"{self.seconds:.0f} s  {verdict}"
            + (f" missed {self.missed}" if self.missed else "")
            + (f" crashed {self.crashes}" if self.crashes else "")
        )

    def as_json(self) -> str:
        """One line of a file of results."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, line: str) -> "Result":
        """Reads what `as_json` wrote."""
        read = json.loads(line)
        return cls(**{**read, "counts": Counts(**read["counts"]), "crashes": tuple(read["crashes"])})


async def attempt(site: Site, load: Load, storm: Storm, name: str, *, keep: Path | None = None) -> Result:
    """Runs a load under faults and counts.

    Args:
        site: the servers.
        load: what the writers do.
        storm: the faults.
        name: for the table.
        keep: where logs and ledgers of a run that is no proof are left.
    """
    began = monotonic()
    async with open_run(site, load) as run:
        try:
            hits = await rage(run, storm)
            while await run.committed() < load.events and not run.crashes:
                await asyncio.sleep(0.2)
            counts = await run.finish()
        except BaseException:
            _keep(run.folder, keep, name)
            raise
        result = Result(
            transport=site.broker.transport,
            name=name,
            seed=storm.seed,
            hits=hits,
            wanted={fault.name: storm.wanted(fault) for fault in storm.faults},
            counts=counts,
            crashes=tuple(run.crashes),
            seconds=monotonic() - began,
            rate=load.rate,
            commit=await asyncio.to_thread(_commit),
        )
        if not result.is_proof:
            _keep(run.folder, keep, name)
    return result


def _commit() -> str:
    asked = ("git", "describe", "--always", "--exclude=*", "--dirty=+")
    try:
        told = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return ""
    return told.stdout.strip()


def _keep(folder: Path, place: Path | None, name: str) -> None:
    if place is not None:
        shutil.copytree(folder, place / f"{folder.name} {name}", dirs_exist_ok=True)
