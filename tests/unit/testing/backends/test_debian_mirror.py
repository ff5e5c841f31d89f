import pytest

from fastapi_chassis.testing.backends.debian_mirror import debian_mirror

DEB822 = """Types: deb
# a comment
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_without_sources_there_is_none(apt):
    assert debian_mirror(apt) is None


def test_deb822_is_read(apt):
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    assert debian_mirror(apt) == "http://mirror.example/debian"


def test_a_source_that_is_switched_off_does_not_count(apt):
    (apt / "sources.list.d/debian.sources").write_text(
        DEB822.replace("Types: deb\n#", "Types: deb\nEnabled: no\n#")
    )
    assert debian_mirror(apt) is None


def test_sources_only_lists_do_not_count(apt):
    (apt / "sources.list.d/debian.sources").write_text(DEB822.replace("Types: deb", "Types: deb-src"))
    assert debian_mirror(apt) is None


def test_one_line_lists_are_read(apt):
    (apt / "sources.list").write_text(
        "# deb http://comment.example/debian bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb http://mirror.example/debian-security bookworm-security main\n"
        "deb [arch=amd64 signed-by=/key.gpg] http://mirror.example/debian bookworm main\n"
    )
    assert debian_mirror(apt) == "http://mirror.example/debian"


def test_other_archives_do_not_count(apt):
    (apt / "sources.list.d/other.list").write_text(
        "deb http://ubuntu.example/ubuntu noble main\n"
        "deb http://docker.example/linux/debian bookworm stable\n"
        "deb\n"
    )
    assert debian_mirror(apt) is None


def test_the_archive_that_is_called_debian_goes_first(apt):
    (apt / "sources.list.d/a.list").write_text("deb http://third-party.example bookworm main\n")
    (apt / "sources.list.d/b.list").write_text("deb http://mirror.example/debian bookworm main\n")
    assert debian_mirror(apt) == "http://mirror.example/debian"


def test_a_mirror_under_another_name_is_taken_where_it_is_the_only_one(apt):
    (apt / "sources.list").write_text("deb http://registry.example/debian-remote trixie main contrib\n")
    assert debian_mirror(apt) == "http://registry.example/debian-remote"
