"""Runs the rig for long: `python -m tests.faults --transport kafka --events 100000 --seeds 5`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from tests.faults.nemesis import BY_NAME, FAULTS, Fault, Storm
from tests.faults.page import PAGE, page_of
from tests.faults.rig import Load, open_site
from tests.faults.trials import MIXED, Result, attempt

TRANSPORTS = ("kafka", "rabbitmq", "nats", "redis")


def main() -> int:
    arguments = _arguments()
    results = asyncio.run(_until_terminated(_run(arguments)))
    if arguments.write:
        known = arguments.results.read_text().splitlines() if arguments.results else []
        told = [Result.of_json(line) for line in known] or results
        PAGE.write_text(page_of(told), encoding="utf-8")
    return int(not all(result.is_proof for result in results))


async def _until_terminated[T](work: Coroutine[object, object, T]) -> T:
    """SIGTERM ends it as Ctrl-C does: no server is left behind."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _run(arguments: argparse.Namespace) -> list[Result]:
    results = []
    for transport in arguments.transport or TRANSPORTS:
        async with open_site(transport) as site:
            for name, faults in _trials(arguments.fault):
                events = arguments.events if name == MIXED else arguments.each
                load = Load(
                    events=events, rate=arguments.rate, per_command=arguments.per_command, accounts=50
                )
                for seed in range(arguments.seed, arguments.seed + (arguments.seeds if name == MIXED else 1)):
                    storm = Storm(faults, seed=seed, is_endless=name == MIXED, limit=arguments.limit)
                    result = await attempt(site, load, storm, name, keep=arguments.keep)
                    print(result.line, flush=True)
                    results.append(result)
                    if arguments.results:
                        with arguments.results.open("a") as file:
                            file.write(f"{result.as_json()}\n")
    return results


def _trials(wanted: list[str]) -> list[tuple[str, tuple[Fault, ...]]]:
    names = [fault.name for fault in FAULTS] if "each" in wanted else [one for one in wanted if one != MIXED]
    trials: list[tuple[str, tuple[Fault, ...]]] = [(name, (BY_NAME[name],)) for name in names]
    return [(MIXED, FAULTS), *trials] if MIXED in wanted else trials


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--transport", action="append", choices=TRANSPORTS, help="all by default")
    parser.add_argument(
        "--fault",
        nargs="+",
        default=[MIXED],
        choices=(MIXED, "each", *BY_NAME),
        help="all at once (mixed), one after the other (each), or these",
    )
    parser.add_argument("--events", type=int, default=100_000, help="of a mixed run, at least")
    parser.add_argument("--each", type=int, default=2_000, help="events of a run of one fault, at least")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=5, help="how many mixed runs")
    parser.add_argument("--rate", type=float, default=400, help="events per second")
    parser.add_argument("--per-command", type=int, default=10, help="events of one transaction")
    parser.add_argument("--limit", type=float, default=3_600, help="seconds of one run's faults")
    parser.add_argument("--results", type=Path, help="a file that results are added to")
    parser.add_argument("--keep", type=Path, help="where logs of runs that fail are left")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} from the results")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
