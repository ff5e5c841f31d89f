import os
import signal
import sys
import time
from pathlib import Path

import pytest

from fastapi_chassis.testing.backends import BackendFailedError
from fastapi_chassis.testing.backends.process import Command, ProcessId, run, spawn, tail


def python(code):
    return Command((sys.executable, "-S", "-E", "-c", code))


def test_a_process_is_known_by_number_and_start(tmp_path):
    child = spawn(python("import time; time.sleep(60)"), tmp_path / "log")
    process = ProcessId.of(child.pid)
    assert process.alive
    assert not ProcessId(child.pid, "0").alive
    process.send(signal.SIGKILL)
    assert process.wait(5)
    assert not process.alive  # a zombie until it is reaped
    process.send(signal.SIGTERM)
    child.wait()


def test_a_server_is_in_a_session_of_its_own(tmp_path):
    child = spawn(python("import time; time.sleep(60)"), tmp_path / "log")
    assert os.getsid(child.pid) == child.pid
    child.kill()
    child.wait()


def test_what_ignores_the_stop_signal_is_killed(tmp_path):
    log = tmp_path / "log"
    child = spawn(
        python(
            "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
        ),
        log,
    )
    while not log.read_text():
        os.sched_yield()
    process = ProcessId.of(child.pid)
    process.stop(signal.SIGTERM, timeout=0.2)
    assert not process.alive
    assert child.wait() == -signal.SIGKILL


def test_a_paused_process_stops_in_order_too(tmp_path):
    child = spawn(python("import time; time.sleep(60)"), tmp_path / "log")
    process = ProcessId.of(child.pid)
    process.send(signal.SIGSTOP)
    process.stop(signal.SIGTERM, timeout=5)
    assert child.wait() == -signal.SIGTERM


def test_a_signal_reaches_what_a_process_started_too(tmp_path):
    sleep = "import time; print('up', flush=True); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}])"
    child = spawn(Command((sys.executable, "-c", code)), tmp_path / "log")
    process = ProcessId.of(child.pid)
    grandchildren = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    if not grandchildren.exists():
        process.stop(signal.SIGKILL)
        child.wait()
        pytest.skip("this kernel does not list the children of a process")
    while "up" not in (tmp_path / "log").read_text():  # before that its parent may wait for it in the kernel
        time.sleep(0.01)
    grandchild = ProcessId.of(int(grandchildren.read_text()))
    process.send_all(signal.SIGSTOP)
    assert stopped(process)
    assert stopped(grandchild)
    process.send_all(signal.SIGKILL)
    child.wait(timeout=5)
    assert grandchild.wait(5)


def stopped(process):
    deadline = time.monotonic() + 5
    while (state := Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]) != "T":
        assert time.monotonic() < deadline, state
        time.sleep(0.01)
    return True


def test_only_path_and_what_is_named_reach_the_server(monkeypatch):
    monkeypatch.setenv("SECRET", "canary")
    code = "import os; print(sorted(os.environ))"
    command = Command((sys.executable, "-S", "-E", "-c", code), {"ONE": "1"})
    assert set(command.environment()) == {"PATH", "LANG", "ONE"}
    assert "canary" not in run(command, timeout=10, what="print")


def test_a_command_that_fails_shows_the_end_of_its_output():
    code = "print('first'); print('the reason'); raise SystemExit(3)"
    with pytest.raises(BackendFailedError, match=r"the step ended with 3(.|\n)*the reason"):
        run(python(code), timeout=10, what="the step")


def test_a_command_that_hangs_is_ended():
    with pytest.raises(BackendFailedError, match="took more than"):
        run(python("import time; time.sleep(60)"), timeout=0.2, what="the step")


def test_a_command_that_is_not_there_is_told():
    with pytest.raises(BackendFailedError, match="no-such-program"):
        run(Command(("/no-such-program",)), timeout=1, what="the step")


def test_a_command_reads_what_it_is_given():
    assert run(python("print(input()[::-1])"), timeout=10, what="the step", stdin="abc\n") == "cba\n"


def test_the_tail_has_the_last_lines(tmp_path):
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, 2) == "98\n99"
