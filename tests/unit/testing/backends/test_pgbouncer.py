import pytest

from fastapi_chassis.testing.backends.pgbouncer import pgbouncer_plan
from fastapi_chassis.testing.backends.place import RootPlace


@pytest.fixture
def place(tmp_path):
    for name in (
        "usr/lib/postgresql/18/bin/postgres",
        "usr/lib/postgresql/18/bin/initdb",
        "usr/sbin/pgbouncer",
    ):
        program = tmp_path / "root" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
    return RootPlace(tmp_path / "root", "postgres")


def test_postgresql_starts_first_and_clients_talk_to_pgbouncer(place, tmp_path):
    plan = pgbouncer_plan(place, place, tmp_path)
    assert [program.name for program in plan.programs] == ["postgresql", "pgbouncer"]
    assert plan.url != plan.endpoints["direct"]
    assert str(plan.programs[1].ready.port) in plan.url
    assert str(plan.programs[0].ready.port) in plan.endpoints["direct"]


def test_the_password_is_on_no_command_line(place, tmp_path):
    plan = pgbouncer_plan(place, place, tmp_path)
    password = plan.url.removeprefix("postgresql://postgres:").partition("@")[0]
    assert not [word for program in plan.programs for word in program.command.argv if password in word]
