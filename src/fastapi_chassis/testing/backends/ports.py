"""Free TCP ports on 127.0.0.1 for servers."""

import secrets
import socket

from fastapi_chassis.domain import Finding
from fastapi_chassis.testing.backends.errors import BackendFailedError

LOOPBACK = "127.0.0.1"

# Below the range that kernels hand to outgoing connections, so that a restarted server finds its port free.
FIRST_PORT = 20_000
LAST_PORT = 29_999


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(attempts: int = 200) -> int:
    """Pick a random free port; two test runs at once rarely meet.

    Raises:
        BackendFailedError: when none of the attempts found one.
    """
    for _ in range(attempts):
        port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1)
        if is_free(port):
            return port
    raise BackendFailedError(
        Finding(
            what=f"no free port between {FIRST_PORT} and {LAST_PORT}",
            where=LOOPBACK,
            remedy="stop what listens there (python -m fastapi_chassis.testing.backends stop)",
        )
    )
