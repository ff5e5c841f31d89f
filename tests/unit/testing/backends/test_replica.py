import pytest

from fastapi_chassis.testing.backends.place import RootPlace
from fastapi_chassis.testing.backends.replica import replica_plan


@pytest.fixture
def place(tmp_path):
    binaries = tmp_path / "root/usr/lib/postgresql/18/bin"
    binaries.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (binaries / name).touch()
    return RootPlace(tmp_path / "root", "postgres")


def test_the_replica_is_the_primary_in_another_folder_at_another_port(place, tmp_path):
    plan = replica_plan(place, tmp_path)
    primary, replica = (program.command.argv for program in plan.programs)
    differences = [(one, other) for one, other in zip(primary, replica, strict=True) if one != other]
    ports = [f"port={program.ready.port}" for program in plan.programs]
    assert differences == [("/srv/backend/pg", "/srv/backend/replica"), tuple(ports)]
    assert ports[0] != ports[1]
    assert f":{plan.programs[1].ready.port}/" in plan.endpoints["replica"]


def test_the_password_is_on_no_command_line(place, tmp_path):
    plan = replica_plan(place, tmp_path)
    password = plan.url.removeprefix("postgresql://postgres:").partition("@")[0]
    assert not [word for program in plan.programs for word in program.command.argv if password in word]
