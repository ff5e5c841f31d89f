"""The page of the docs that says what the rig has counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from tests.faults.nemesis import BY_NAME, FAULTS
from tests.faults.trials import COLUMNS, MIXED, Result

PAGE = Path(__file__).parents[2] / "docs/reference/fault-table.md"
HEADINGS = "lost | ghosts | false answers | duplicated | inversions | early | stuck | given again"
INTRODUCTION = """# Faults and what came of them

Written by the rig itself, from runs that it really did: `make faults ARGS="--fault mixed each --write"`.
How it works, and what each word promises, is told in
[what is promised, and how it is shown](../explanation/reliability.md).

All columns but `hits`, `events` and `given again` must be 0. A run in which a fault hit less often than it
should, or a process ended by itself, is void and does not count. `given again` are deliveries beyond the
first of a message: they show that a fault was felt, and the inbox has dealt with them. `tree` is the commit
that ran.
"""
RULE_OF_THREE = """\
{events:,} events without a mistake in these runs bound the rate of mistakes, under just these faults and if
one event says nothing of the next, at 95 % confidence to less than 1 in {bound:,} (rule of three).
"""


def page_of(results: Sequence[Result]) -> str:
    """Writes the page: first all faults in one run, then each by itself."""
    proofs = [result for result in results if result.is_proof or not result.counts.is_clean]
    mixed = sorted((one for one in proofs if one.name == MIXED), key=lambda one: (one.transport, one.seed))
    single = sorted(
        (one for one in proofs if one.name in BY_NAME), key=lambda one: (_place(one.name), one.transport)
    )
    lines = [INTRODUCTION]
    if mixed:
        lines += ["## All faults in one run\n", *_mixed(mixed), ""]
    if single:
        lines += ["## One fault at a time\n", _covered(single), *_single(single), ""]
    return "\n".join([*lines, *_bound(proofs)]).rstrip() + "\n"


def _mixed(results: Iterable[Result]) -> Iterator[str]:
    yield f"| transport | tree | seed | events per second | hits | events | {HEADINGS} |"
    yield _rule(6)
    for one in results:
        tree, offered = one.commit or "?", f"{one.rate:g} offered"
        yield f"| {one.transport} | {tree} | {one.seed} | {offered} | {_figures(one)} |"


def _single(results: Iterable[Result]) -> Iterator[str]:
    yield f"| fault | transport | tree | hits | events | {HEADINGS} |"
    yield _rule(5)
    for name, runs in groupby(results, key=lambda one: one.name):
        for one in runs:
            yield f"| {BY_NAME[name].title} | {one.transport} | {one.commit or '?'} | {_figures(one)} |"


def _covered(results: Sequence[Result]) -> str:
    runs = Counter({one.transport: 0 for one in results})
    for transport, _ in {(one.transport, one.name) for one in results}:
        runs[transport] += 1
    told = ", ".join(f"{transport} {number}" for transport, number in sorted(runs.items()))
    return f"Faults of {len(FAULTS)} that these runs cover: {told}.\n"


def _figures(result: Result) -> str:
    counts = asdict(result.counts)
    shown = [
        sum(result.hits.values()),
        counts["events"],
        *(counts[name] for name in COLUMNS),
        counts["again"],
    ]
    return " | ".join(map(str, shown))


def _rule(columns: int) -> str:
    return "|" + " --- |" * (columns + len(COLUMNS) + 1)


def _bound(results: Iterable[Result]) -> list[str]:
    clean = sum(result.counts.events for result in results if result.is_proof)
    if not clean or not all(result.is_proof for result in results):
        return []
    return [RULE_OF_THREE.format(events=clean, bound=clean // 3)]


def _place(name: str) -> int:
    return FAULTS.index(BY_NAME[name])
