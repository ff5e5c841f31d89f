"""What an import costs, beside `import fastapi` in the same run."""

import asyncio
import sys

from benchmarks.harness import Budget, Work, measure, print_measured


def importing(statement: str) -> Work:
    async def work(operations: int) -> None:
        for _ in range(operations):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", statement)
            assert await process.wait() == 0

    return work


async def run(*, smoke: bool) -> list[Budget]:
    """Measures, prints, and returns what is bounded."""
    base, ours = "from fastapi import FastAPI", "import fastapi_chassis"
    statements = (
        base,
        ours,
        "from fastapi_chassis import BaseAggregate, Command, AbstractRepository",
        "from fastapi_chassis import ApplicationAbstract, Inject",
        "import sys",
    )
    contestants = {statement: importing(statement) for statement in statements}
    measured = await measure(contestants, operations=1, rounds=7 if smoke else 21, base=base)
    print_measured("start-up, whole process", measured, base)
    # the package brings names when they are asked for; the third row is what a service pays in the end
    return [Budget(f"{ours}, times import fastapi", measured[ours].ratio, 1.25)]
