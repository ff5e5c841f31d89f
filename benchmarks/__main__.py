"""Runs the benchmarks: `python -m benchmarks [--smoke] [NAME ...]`; exit code 1 if a bound is missed."""

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
    unknown = set(arguments.names) - set(SUITES)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    budgets = []
    for name in arguments.names or SUITES:
        suite = importlib.import_module(f"benchmarks.{name}")
        loop_factory = getattr(suite, "LOOP", None)  # the event loop that the suite is measured on
        budgets += asyncio.run(suite.run(smoke=arguments.smoke), loop_factory=loop_factory)
    print()
    for budget in budgets:
        print(budget)
    # a smoke run shows that the suites work; its few rounds on a busy machine bound nothing
    return int(not arguments.smoke and not all(budget.kept for budget in budgets))


if __name__ == "__main__":
    sys.exit(main())
