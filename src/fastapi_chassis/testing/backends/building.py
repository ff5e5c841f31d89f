"""Build what can be built here, two at a time, with a line for each start and end."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi_chassis.domain import ChassisError
from fastapi_chassis.testing.backends.cache import Artifact
from fastapi_chassis.testing.backends.catalogue import Recipe

type Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """How the build of one artifact ended."""

    artifact: Artifact
    seconds: float
    error: ChassisError | None = None


def artifacts_of(recipes: Iterable[Recipe]) -> tuple[list[Artifact], list[str]]:
    """Collect what the backends need, each once, and a sentence for what this machine can't build."""
    wanted: dict[str, Artifact] = {}
    refused: dict[str, None] = {}
    for recipe in recipes:
        for source in recipe.sources():
            for artifact in source.artifacts:
                reason = None if artifact.built else (source.obstacle() or artifact.obstacle())
                if reason is None:
                    wanted[artifact.name] = artifact
                else:
                    refused[f"{artifact.name} {artifact.version}: {reason}"] = None
    return list(wanted.values()), list(refused)


def build_all(artifacts: Iterable[Artifact], tell: Tell, *, together: int = 2) -> list[Built]:
    """Build each artifact that is not there yet.

    Args:
        artifacts: what to build.
        tell: takes the progress lines.
        together: how many builds run at once.
    """
    with ThreadPoolExecutor(max_workers=together) as pool:
        return list(pool.map(lambda artifact: _build(artifact, tell), artifacts))


def _build(artifact: Artifact, tell: Tell) -> Built:
    title = f"{artifact.name} {artifact.version}"
    if artifact.built:
        tell(f"{title}: there already ({artifact.path})")
        return Built(artifact, 0.0)
    tell(f"{title}: building ...")
    begun = time.monotonic()
    try:
        artifact.build()
    except ChassisError as error:
        tell(f"{title}: failed after {time.monotonic() - begun:.0f} s\n{error}")
        return Built(artifact, time.monotonic() - begun, error)
    seconds = time.monotonic() - begun
    tell(f"{title}: built in {seconds:.0f} s")
    return Built(artifact, seconds)
