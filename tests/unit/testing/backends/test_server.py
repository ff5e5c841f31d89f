import signal
import sys

import pytest

from fastapi_chassis.testing.backends import BackendFailedError
from fastapi_chassis.testing.backends.place import HostPlace
from fastapi_chassis.testing.backends.ports import free_port, is_free
from fastapi_chassis.testing.backends.readiness import Answer
from fastapi_chassis.testing.backends.server import ProcessGroup, Program, recorded_processes

SERVER = """
import signal, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def end(number, frame):
    print("ended by", number, flush=True)
    raise SystemExit
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
while True:
    server.accept()[0].close()
"""


@pytest.fixture
def program(tmp_path):
    def make(name, code=SERVER, **settings):
        port = free_port()
        command = HostPlace().command(sys.executable, "-S", "-E", "-c", code, str(port), folder=tmp_path)
        return Program(name, command, Answer(port), **settings)

    return make


def test_a_group_starts_in_order_and_stops_with_each_ones_signal(program, tmp_path):
    first, second = program("first"), program("second", stop_signal=signal.SIGINT)
    group = ProcessGroup(tmp_path, (first, second))
    group.start()
    assert [process.pid for process, _ in recorded_processes(tmp_path)] == list(group.pids)
    assert [number for _, number in recorded_processes(tmp_path)] == [signal.SIGTERM, signal.SIGINT]
    group.stop()
    assert (tmp_path / "first.log").read_text() == "ended by 15\n"
    assert (tmp_path / "second.log").read_text() == "ended by 2\n"
    assert is_free(first.ready.port)


def test_starting_again_starts_only_what_is_dead(program, tmp_path):
    group = ProcessGroup(tmp_path, (program("first"), program("second")))
    group.start()
    first, second = recorded_processes(tmp_path)
    second[0].send(signal.SIGKILL)
    second[0].wait(5)
    group.start()
    again = recorded_processes(tmp_path)
    assert again[0] == first
    assert again[1][0].alive
    group.kill()


def test_a_program_that_dies_takes_the_others_along_and_shows_its_log(program, tmp_path):
    group = ProcessGroup(tmp_path, (program("first"), program("second", "raise SystemExit('broken disk')")))
    with pytest.raises(BackendFailedError, match=r"second died while it started(.|\n)*broken disk"):
        group.start()
    assert not any(process.alive for process, _ in recorded_processes(tmp_path))


def test_a_program_that_is_never_ready_is_stopped(program, tmp_path):
    group = ProcessGroup(tmp_path, (program("slow", "import time; time.sleep(60)", timeout=0.3),))
    with pytest.raises(BackendFailedError, match="slow was not ready in 0 s"):
        group.start()
    assert not recorded_processes(tmp_path)[0][0].alive


def test_without_a_record_there_are_no_processes(tmp_path):
    assert recorded_processes(tmp_path) == ()
