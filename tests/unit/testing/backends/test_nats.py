from fastapi_chassis.testing.backends.nats import nats_plan, nats_sources
from fastapi_chassis.testing.backends.place import HostPlace


def test_streams_lie_in_the_folder_and_only_loopback_listens(tmp_path, monkeypatch):
    (tmp_path / "nats-server").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    plan = nats_plan(HostPlace(), tmp_path)
    argv = plan.programs[0].command.argv
    assert plan.url == f"nats://127.0.0.1:{argv[argv.index('--port') + 1]}"
    assert argv[argv.index("--addr") + 1] == "127.0.0.1"
    assert argv[argv.index("--store_dir") + 1].startswith(str(tmp_path))
    assert "--jetstream" in argv
    assert nats_sources()[1].obstacle() is None
