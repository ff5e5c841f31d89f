import pytest

from fastapi_chassis.testing.backends import BackendFailedError, BackendSession
from fastapi_chassis.testing.backends.run_folder import ServerFolder


@pytest.fixture
def session():
    session = BackendSession()
    yield session
    session.close()


def test_a_server_is_opened_once_and_left_at_the_end(session, recipe):
    assert session.shared(recipe()) is session.shared(recipe())
    session.close()
    assert not ServerFolder("little").path.exists()


@pytest.mark.requirement("TST-3")
def test_a_missing_server_skips_with_the_reason_every_time(session, recipe):
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception, match="no little thing"):
            session.shared(recipe(obstacle="no little thing"))


@pytest.mark.requirement("TST-3", "MISTAKE-21")
def test_a_missing_server_fails_where_backends_are_required(session, recipe, monkeypatch):
    monkeypatch.setenv("CHASSIS_REQUIRE_BACKENDS", "1")
    with pytest.raises(pytest.fail.Exception, match="no little thing"):
        session.shared(recipe(obstacle="no little thing"))
    with pytest.raises(pytest.fail.Exception), session.private(recipe(obstacle="no little thing")):
        pass


@pytest.mark.requirement("MISTAKE-21")
def test_a_broken_server_is_never_a_skip(session, recipe):
    broken = recipe(program="raise SystemExit('no luck today')")
    with pytest.raises(BackendFailedError, match="no luck today"):
        session.shared(broken)
    with pytest.raises(BackendFailedError, match="no luck today"), session.private(broken):
        pass


def test_a_private_server_ends_with_its_block(session, recipe):
    with session.private(recipe()) as backend:
        assert len(backend.pids) == 1
    assert not list(ServerFolder("x").path.parent.glob("little~*"))
