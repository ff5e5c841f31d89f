import asyncio
import io
import sys

import pytest

from fastapi_chassis.cli import progress
from fastapi_chassis.cli.progress import told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def work(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return 7


async def test_long_work_is_counted_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    assert await told("migrating ledger", work(0.1)) == 7
    assert terminal.getvalue().startswith("\rmigrating ledger … 0 s")
    assert terminal.getvalue().endswith("\r\033[K")


async def test_short_work_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert await told("migrating ledger", work(0)) == 7
    assert not terminal.getvalue()


async def test_nobody_looks_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    assert await told("migrating ledger", work(0.02)) == 7
    assert not file.getvalue()


async def test_failing_work_ends_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise ValueError

    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ValueError):
        await told("migrating ledger", fail())
    assert len(asyncio.all_tasks()) == 1
