"""UnreadableError: a source of configuration that can't be read at all."""

from pathlib import Path

MAX_BYTES = 1024 * 1024


class UnreadableError(Exception):
    """Carries what is wrong, at which line and column, and what to do; the loader makes a finding of it."""

    def __init__(
        self, what: str, line: int | None = None, remedy: str = "", column: int | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.line = line
        self.column = column
        self.remedy = remedy


def read_file(file: Path, limit: int = MAX_BYTES) -> str:
    """The text of a UTF-8 file of at most `limit` bytes.

    Raises:
        UnreadableError: where it is missing, forbidden, larger, or no text.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise UnreadableError(
            f"the file can't be read: {reason}", remedy="check its path and rights"
        ) from error
    if len(content) > limit:
        raise UnreadableError(
            f"the file is larger than {limit // 1024} KiB", remedy="check that it is the right file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError("the file is not UTF-8 text", line, "save it as UTF-8") from error
