"""Runs the benchmarks: `python -m benchmarks [--smoke] [NAME ...]`; exit code 1 if a bound is missed.

A suite of several parts, such as relay, can be asked for one of them: relay-kafka.
"""

import argparse
import asyncio
import importlib
import sys

SUITES = ("mediator", "startup", "repository", "first_request", "caching", "relay", "consumer")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(SUITES)}; all by default"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="few rounds: shows that it runs, not a figure to quote"
    )
    arguments = parser.parse_args()
    wanted = [name.partition("-") for name in arguments.names or SUITES]
    if unknown := {suite for suite, _, _ in wanted} - set(SUITES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    budgets = []
    for name, _, part in wanted:
        suite = importlib.import_module(f"benchmarks.{name}")
        parts = getattr(suite, "PARTS", ())
        if part and part not in parts:
            parser.error(f"{name} has no part {part}" + (f"; it has {', '.join(parts)}" if parts else ""))
        given = {"parts": [part]} if part else {}
        loop_factory = getattr(suite, "LOOP", None)  # the event loop that the suite is measured on
        budgets += asyncio.run(suite.run(smoke=arguments.smoke, **given), loop_factory=loop_factory)
    print()
    for budget in budgets:
        print(budget)
    # a smoke run shows that the suites work; its few rounds on a busy machine bound nothing
    return int(not arguments.smoke and not all(budget.kept for budget in budgets))


if __name__ == "__main__":
    sys.exit(main())
