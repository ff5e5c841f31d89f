"""Runs contestants in turn, round after round, and prints each one's cost and its ratio to the base."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

type Work = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One contestant's rounds.

    Args:
        name: who.
        seconds: per operation, one value a round.
        processor: seconds of processor time per operation, one value a round.
        ratios: to the base of the same round.
    """

    name: str
    seconds: tuple[float, ...]
    processor: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds per operation."""
        return statistics.median(self.seconds)

    @property
    def ratio(self) -> float:
        """The median ratio to the base."""
        return statistics.median(self.ratios)


async def measure(
    contestants: Mapping[str, Work],
    *,
    operations: int,
    rounds: int,
    base: str,
    prepare: Mapping[str, Callable[[], None]] | None = None,
) -> dict[str, Measured]:
    """Runs every contestant once to warm up and then in turn, A B A B …

    Args:
        contestants: by name; each does as many operations as it is told.
        operations: per contestant and round.
        rounds: at least five for a figure that travels.
        base: whose time the ratios are taken to.
        prepare: what a contestant does before each of its turns, outside of the time that counts.
    """
    ready = prepare or {}
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    for name, work in contestants.items():
        ready.get(name, _nothing)()
        await work(max(1, operations // 10))
    for _ in range(rounds):
        for name, work in contestants.items():
            ready.get(name, _nothing)()
            await asyncio.sleep(0)
            began, began_cpu = time.perf_counter(), time.process_time()
            await work(operations)
            wall[name].append((time.perf_counter() - began) / operations)
            cpu[name].append((time.process_time() - began_cpu) / operations)
    return {
        name: Measured(
            name,
            tuple(wall[name]),
            tuple(cpu[name]),
            tuple(own / other for own, other in zip(wall[name], wall[base], strict=True)),
        )
        for name in contestants
    }


def _nothing() -> None:
    return


def print_measured(title: str, measured: Mapping[str, Measured], base: str) -> None:
    """Prints a table: microseconds, operations per second, processor time, ratio with its quartiles."""
    print(f"\n{title}   (ratio to {base}, same run)")
    print(f"{'':34}{'us/op':>10}{'op/s':>12}{'cpu us':>10}{'ratio':>9}  quartiles")
    for one in measured.values():
        quartiles = statistics.quantiles(one.ratios, n=4) if len(one.ratios) > 1 else [one.ratio] * 3
        cpu = statistics.median(one.processor) * 1e6
        print(
            f"{one.name:34}{one.median * 1e6:10.2f}{1 / one.median:12,.0f}{cpu:10.2f}{one.ratio:9.2f}"
            f"  {quartiles[0]:.2f} … {quartiles[2]:.2f}"
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound that a figure is held against.

    Args:
        name: what is bounded.
        figure: what was measured.
        bound: what it may be.
        at_least: whether the bound is below.
    """

    name: str
    figure: float
    bound: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure keeps to the bound."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return (
            f"{'kept  ' if self.kept else 'MISSED'}  {self.name}: {self.figure:.2f} ({sign} {self.bound:g})"
        )
