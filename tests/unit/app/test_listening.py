import errno
import os
import socket
from pathlib import Path

import pytest

from fastapi_chassis.app import AddressError, holder_of, listen_at
from fastapi_chassis.app.listening import address_error
from fastapi_chassis.config import ServerConfig


def test_takes_a_free_address_before_connections_are_welcome() -> None:
    with listen_at(ServerConfig(port=0)) as listener:
        address = listener.getsockname()
        assert address[0] == "127.0.0.1"
        with socket.socket() as caller:
            assert caller.connect_ex(address) == errno.ECONNREFUSED


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="who listens is read from /proc")
@pytest.mark.requirement("APP-8")
def test_names_who_holds_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        name = Path("/proc/self/comm").read_text().strip()
        assert holder_of(port) == f"{name} (process {os.getpid()})"
        with pytest.raises(AddressError) as caught:
            listen_at(ServerConfig(port=port))
    (finding,) = caught.value.findings
    assert finding.what == f"port {port} is in use by {name} (process {os.getpid()})"
    assert finding.remedy == f"stop it, or choose another: --port {port + 1}"


def test_nobody_holds_a_free_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not holder_of(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("number", "what", "remedy"),
    [
        (errno.EADDRINUSE, "port 65535 is in use", "stop it, or choose another port"),
        (errno.EACCES, "this user may not listen at port 65535", "choose one above 1023: --port 8000"),
        (
            errno.EADDRNOTAVAIL,
            "the server can't listen at 192.0.2.1: Cannot assign requested address",
            "use an address of this machine: --host 127.0.0.1, or 0.0.0.0 for all of them.",
        ),
    ],
)
def test_says_why_and_what_to_do(number: int, what: str, remedy: str) -> None:
    fault = OSError(number, os.strerror(number))
    (finding,) = address_error(ServerConfig(host="192.0.2.1", port=65_535), fault).findings
    assert (finding.what, finding.remedy) == (what, remedy)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_address_of_another_machine(host: str) -> None:
    with pytest.raises(AddressError, match=f"the server can't listen at {host}"):
        listen_at(ServerConfig(host=host, port=0))
