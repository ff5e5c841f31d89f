"""Listening: takes the server's address, and says who holds it where that fails."""

import errno
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from fastapi_chassis.config import ServerConfig
from fastapi_chassis.domain import ChassisError, Finding

_LISTENS = "0A"  # the state of a listening socket in the kernel's tables


class AddressError(ChassisError):
    """The server can't have its address."""


def listen_at(server: ServerConfig) -> socket.socket:
    """Takes the address, so that nothing is started in vain; connections are welcome later.

    Raises:
        AddressError: it is in use, forbidden, or not an address of this machine.
    """
    from fastapi_chassis.app.server import open_listener  # it loads uvicorn, which only a server needs

    try:
        return open_listener(server.host, server.port)
    except OSError as fault:
        raise address_error(server, fault) from None


def address_error(server: ServerConfig, fault: OSError) -> AddressError:
    """Says why the address can't be had, and what to do about it."""
    if fault.errno == errno.EADDRINUSE:
        holder = holder_of(server.port)
        other = f"choose another: --port {server.port + 1}" if server.port < 65_535 else "choose another port"
        what = f"port {server.port} is in use" + (f" by {holder}" if holder else "")
        return AddressError(Finding(what, remedy=f"stop it, or {other}"))
    if fault.errno == errno.EACCES:
        return AddressError(
            Finding(
                f"this user may not listen at port {server.port}", remedy="choose one above 1023: --port 8000"
            )
        )
    return AddressError(
        Finding(
            f"the server can't listen at {server.host}: {fault.strerror or fault}",
            remedy="use an address of this machine: --host 127.0.0.1, or 0.0.0.0 for all of them.",
        )
    )


def holder_of(port: int) -> str:
    """Names the process that listens at a port, as `python (process 123)`; empty where nobody can see."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    if not sockets:
        return ""
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            if any(str(handle.readlink()) in sockets for handle in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"
        except OSError:
            continue  # it ended, or it is somebody else's
    return ""


def _inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _LISTENS and re.search(rf":{port:04X}$", columns[1]):
                yield columns[9]
