import struct

import pytest

from fastapi_chassis.testing.backends.cache import cache_folder
from fastapi_chassis.testing.backends.ferretdb import FERRETDB, ferretdb_plan, hello


@pytest.fixture
def built(tmp_path):
    binaries = cache_folder() / "root-forky-2/usr/lib/postgresql/18/bin"
    binaries.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (binaries / name).touch()


def test_storage_and_server_are_one_group_and_no_password_is_on_a_command_line(built, tmp_path):
    plan = ferretdb_plan(tmp_path)
    storage, server = plan.programs
    assert (storage.name, server.name) == ("postgresql", "ferretdb")
    password = storage.command.env["PGPASSWORD"]
    assert password in plan.url
    assert password in server.command.env["POSTGRESQL_URL"]
    assert password not in " ".join(storage.command.argv + server.command.argv)


def test_the_program_of_ours_is_shipped():
    assert FERRETDB.name == "ferretdb"
    assert "ferretdb.New" in (FERRETDB.make.__self__.source).read_text()


def test_the_question_is_a_well_formed_message():
    question = hello(27017).question
    assert struct.unpack("<iiii", question[:16]) == (len(question), 1, 0, 2013)
    assert struct.unpack("<i", question[21:25]) == (len(question) - 21,)
    assert question.endswith(b"admin\0\0")
