"""The heap: what the start has made is kept out of the garbage collector's rounds."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settled_heap() -> Iterator[None]:
    """Leaves all objects that there are out of the collector's rounds for the length of a block.

    Modules, schemas and wiring live as long as the service: each round would look through them for nothing,
    and busy services have many rounds.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
