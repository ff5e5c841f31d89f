"""The backends of one test process: each is opened once, on first need, and left at the end."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn

import pytest

from fastapi_chassis.testing.backends.backend import REQUIRE_VARIABLE, Backend, check_alive, open_backend
from fastapi_chassis.testing.backends.catalogue import Recipe
from fastapi_chassis.testing.backends.errors import BackendUnavailableError


class BackendSession:
    """Opens shared backends once; remembers also what could not be had, and why."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[str, Backend] = {}
        self._missing: dict[str, BackendUnavailableError] = {}

    def shared(self, wanted: str | Recipe) -> Backend:
        """Return the shared server; where it is not available the test skips, or fails if it is required."""
        name = wanted if isinstance(wanted, str) else wanted.name
        if name not in self._open and name not in self._missing:
            try:
                self._open[name] = self._stack.enter_context(open_backend(wanted))
            except BackendUnavailableError as error:
                self._missing[name] = error
        if name in self._missing:
            missing(self._missing[name])
        check_alive(self._open[name])
        return self._open[name]

    @contextmanager
    def private(self, wanted: str | Recipe) -> Iterator[Backend]:
        """Yield a server of this test alone."""
        with ExitStack() as stack:
            try:
                backend = stack.enter_context(open_backend(wanted, private=True))
            except BackendUnavailableError as error:
                missing(error)
            yield backend

    def close(self) -> None:
        """Leave every shared server; the last test process that leaves stops it."""
        self._stack.close()


def missing(error: BackendUnavailableError) -> NoReturn:
    """Skip the test with the reason, or fail it where backends are required."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{error} ({REQUIRE_VARIABLE}=1)", pytrace=False)
    pytest.skip(str(error))
