import subprocess
import sys
import time

import pytest

from fastapi_chassis.testing.backends.locking import LockHeldError, file_lock


def test_only_one_holds_it_and_the_time_out_names_the_file(tmp_path):
    path = tmp_path / "deep" / "lock"
    with file_lock(path), pytest.raises(LockHeldError, match="deep/lock"), file_lock(path, timeout=0.1):
        pass
    with file_lock(path, timeout=0.1):
        pass


def test_a_killed_holder_frees_it(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); "
        "print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen((sys.executable, "-S", "-c", code, str(path)), stdout=subprocess.PIPE)
    holder.stdout.readline()
    with pytest.raises(LockHeldError), file_lock(path, timeout=0.05):
        pass
    holder.kill()
    holder.communicate()
    begun = time.monotonic()
    with file_lock(path, timeout=5):
        assert time.monotonic() - begun < 5
