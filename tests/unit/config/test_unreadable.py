from pathlib import Path

import pytest

from fastapi_chassis.config.unreadable import UnreadableError, read_file


def test_text(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes("\ufeffgrün".encode())
    assert read_file(file) == "grün"


@pytest.mark.requirement("CFG-4")
def test_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no such file"):
        read_file(tmp_path / "nowhere")
    with pytest.raises(UnreadableError, match="is a directory"):
        read_file(tmp_path)
    file = tmp_path / "a"
    file.write_bytes(b"x" * 1025)
    with pytest.raises(UnreadableError, match="larger than 1 KiB"):
        read_file(file, 1024)
    file.write_bytes(b"a\nb\xff")
    with pytest.raises(UnreadableError) as caught:
        read_file(file)
    assert (caught.value.what, caught.value.line) == ("the file is not UTF-8 text", 2)
