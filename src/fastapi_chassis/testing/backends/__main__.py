"""`python -m fastapi_chassis.testing.backends`: list the backends, build them, stop what nobody uses."""

import argparse
import sys
import time
from collections.abc import Sequence

from fastapi_chassis.domain import ChassisError
from fastapi_chassis.testing.backends.building import artifacts_of, build_all
from fastapi_chassis.testing.backends.catalogue import RECIPES, Recipe, recipe_for
from fastapi_chassis.testing.backends.listing import table
from fastapi_chassis.testing.backends.run_folder import sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 well, 1 a build failed, 2 could not run."""
    parser = argparse.ArgumentParser(prog="python -m fastapi_chassis.testing.backends", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="list | build | stop")
    commands.add_parser("list", help="show each backend and how it would be obtained here (the default)")
    building = commands.add_parser("build", help="build what can be built here")
    building.add_argument("names", nargs="*", help="backends; all when none is named")
    commands.add_parser("stop", help="stop servers that no test process uses")
    chosen = parser.parse_args(arguments)
    try:
        return _run(chosen)
    except ChassisError as error:
        _say(str(error))
        return 2


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "build":
        return _build([recipe_for(name) for name in chosen.names] or list(RECIPES))
    if chosen.command == "stop":
        ended = sweep()
        _say(f"stopped: {', '.join(ended)}" if ended else "nothing to stop")
        return 0
    _say(table(RECIPES))
    return 0


def _build(recipes: list[Recipe]) -> int:
    begun = time.monotonic()
    wanted, refused = artifacts_of(recipes)
    for sentence in refused:
        _say(f"not here: {sentence}")
    built = build_all(wanted, _say)
    failed = [result.artifact.name for result in built if result.error is not None]
    _say(f"{len(built) - len(failed)} of {len(built)} ready after {time.monotonic() - begun:.0f} s")
    if failed:
        _say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
