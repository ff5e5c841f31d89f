"""`chassis dead-letters` on a database file: what an operator sees and does, and how it ends."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.app.store import KeepsDeadLetters
from fastapi_chassis.cli.main import command_line
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.target import build_target
from fastapi_chassis.domain import new_id
from fastapi_chassis.messaging import DeadLetterRecord, Envelope
from tests.unit.cli.conftest import MODULE

pytestmark = pytest.mark.requirement("MSG-7")
GOOD = b'{"title":"Dune"}'
POISON = b'{"title":7}'


def dead(
    payload: bytes = POISON, *, key: str = "one", reason: str = "is poison", age: timedelta = timedelta()
) -> DeadLetterRecord:
    at = datetime.now(UTC) - age
    envelope = Envelope(
        id=new_id(),
        type="cli_item_sold",
        source="warehouse",
        time=at,
        destination="integration-events.cli_item_sold",
        key=key,
        payload=payload,
        headers={"tenant": "blue"},
    )
    return DeadLetterRecord(group="shop.items", envelope=envelope, reason=reason, attempts=5, at=at)


@dataclass
class Desk:
    """The command line beside a service on SQLite."""

    folder: Path

    def put(self, *records: DeadLetterRecord) -> list[UUID]:
        async def add(application: ApplicationAbstract) -> None:
            async with application.operating():
                store = application.assembly.stores.default.store
                assert isinstance(store, KeepsDeadLetters)
                for record in records:
                    assert await store.dead_letters().add(record)

        asyncio.run(add(build_target(Source())))
        return [record.id for record in records]

    def run(self, *arguments: str, code: int = 0, text: str | bytes | None = None) -> str:
        done = CliRunner().invoke(command_line(), ["dead-letters", *arguments], input=text)
        assert done.exit_code == code, done.output
        return done.output

    def json(self, *arguments: str, code: int = 0) -> object:
        return json.loads(self.run(*arguments, "--json", code=code))

    def ids(self, *arguments: str) -> list[UUID]:
        listed = self.json("list", *arguments)
        assert isinstance(listed, list)
        return [UUID(one["id"]) for one in listed]


@pytest.fixture
def desk(shop: Path) -> Desk:
    url = "sqlite+aiosqlite:///shop.db"
    broker = "kafka: {bootstrap_servers: '127.0.0.1:9'}"
    (shop / "application.yaml").write_text(f"plugins: {{sqlalchemy: {{url: '{url}'}}, {broker}}}\n", "utf-8")
    return Desk(shop)


def test_a_list_fits_the_terminal_and_has_whole_ids(desk: Desk) -> None:
    first, second = desk.put(dead(), dead(reason="is \x1b[2Jpoison " * 40))
    out = desk.run("list")
    lines = out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert [line.split()[0] for line in lines] == ["id", str(second), str(first)]
    assert "\x1b" not in out
    assert "poison" in lines[1]
    assert desk.run("list", "--type", "other") == "no dead letters\n"


def test_each_filter_leaves_what_is_asked_for(desk: Desk) -> None:
    old, new = desk.put(dead(age=timedelta(days=3)), dead(reason="is Late"))
    assert desk.ids() == [new, old]
    assert desk.ids("--error", "late") == [new]
    assert desk.ids("--since", "2d") == [new]
    assert desk.ids("--until", f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}") == [old]
    assert desk.ids("--group", "shop.items", "--type", "cli_item_sold", "--limit", "1") == [new]
    assert desk.ids("--before", str(new)) == [old]
    assert desk.ids("--group", "shop.other") == desk.ids("--state", "replayed") == []
    assert f"more: --before {new}" in desk.run("list", "--limit", "1")


def test_one_is_shown_with_its_headers_and_body(desk: Desk) -> None:
    text, binary = desk.put(dead(), dead(b"\xff\x00"))
    shown = desk.run("show", str(text))
    assert '{"title":7}' in shown
    assert "tenant=blue" in shown
    found = desk.json("show", str(binary), f"{MODULE}:Shop")
    assert isinstance(found, dict)
    assert (found["payload_hex"], found["state"], found["attempts"]) == ("ff00", "waiting", 5)


def test_an_edited_message_is_replayed_and_each_action_is_audited(desk: Desk) -> None:
    (one,) = desk.put(dead())
    assert f"{one}  waits still: " in desk.run("replay", str(one), code=1)
    (desk.folder / "good.json").write_bytes(GOOD)
    changed = desk.run("edit", str(one), "--payload", "good.json", "--header", "a=b=c", "--without", "tenant")
    assert GOOD.decode() in changed
    assert "a=b=c" in changed
    assert "tenant" not in changed
    assert desk.run("replay", str(one)) == f"{one}  replayed\n"
    assert desk.ids() == []
    assert str(one) in desk.run("list", "--state", "any")
    with closing(sqlite3.connect(desk.folder / "shop.db")) as database:
        rows = database.execute("select actor, action from chassis_audit order by sequence").fetchall()
        (effects,) = database.execute("select count(*) from chassis_inbox").fetchone()
    assert [action for _, action in rows] == [f"dead_letter.{verb}" for verb in ("replay", "edit", "replay")]
    assert all(actor.startswith("cli") for actor, _ in rows)
    assert effects == 1


def test_a_body_is_read_from_standard_input(desk: Desk) -> None:
    (one,) = desk.put(dead())
    assert GOOD.decode() in desk.run("edit", str(one), "--payload", "-", text=GOOD)


def test_all_that_the_filters_leave_are_settled(desk: Desk) -> None:
    good = desk.put(*(dead(GOOD, key=f"{number}") for number in range(3)))
    poison, behind = desk.put(dead(), dead(GOOD))
    found = desk.json("replay", "--all", "--type", "cli_item_sold", f"{MODULE}:Shop", code=1)
    assert isinstance(found, dict)
    assert [UUID(one) for one in found["replayed"]] == good
    assert list(found["failed"]) == [str(poison), str(behind)]
    assert desk.run("discard", "--all", "--error", "no such text") == "nothing to do\n"
    assert desk.run("discard", "--all").count("  discarded\n") == 2
    assert desk.ids() == []


def test_what_can_not_be_done_is_said(desk: Desk) -> None:
    (one,) = desk.put(dead())
    assert "there is no dead letter" in desk.run("show", str(new_id()), code=2)
    assert "no JSON" in desk.run("edit", str(one), "--payload", "-", text="{", code=2)
    desk.run("discard", str(one))
    assert "was discarded before" in desk.run("replay", str(one), code=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "7"), "7 is no ID"),
        (("replay",), "nothing is no ID"),
        (("replay", "01a1fbcc-3787-7900-8d2c-c721dc191d91", "--all"), "exclude each other"),
        (("list", "--state", "lost"), "waiting, replayed, discarded, any"),
        (("list", "--since", "yesterday"), "is no time"),
        (("list", "--before", "7"), "7 is no ID"),
        (("list", "--limit", "201"), "limit"),
        (("edit", "01a1fbcc-3787-7900-8d2c-c721dc191d91"), "say what to change"),
        (("edit", "01a1fbcc-3787-7900-8d2c-c721dc191d91", "--header", "a"), "no NAME=VALUE"),
        (("edit", "01a1fbcc-3787-7900-8d2c-c721dc191d91", "--payload", "none.json"), "can't be read"),
    ],
)
def test_bad_arguments_are_told(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    assert said in " ".join(desk.run(*arguments, code=2).replace("│", " ").split())


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("messaging.max_attempts=5", "in the memory of the service"),
        ("messaging.dead_letters.store=broker", "no store"),
    ],
)
def test_a_process_that_could_see_none_says_so(setting: str, said: str) -> None:
    done = CliRunner().invoke(command_line(), ["dead-letters", "list", "--set", setting])
    assert done.exit_code == 2
    assert said in done.output


def test_records_of_other_processes_on_this_database_can_be_settled_but_not_replayed(desk: Desk) -> None:
    (other,) = desk.put(replace(dead(), group="shop.other"))
    assert desk.ids() == [other]
    assert "shop.other does not run in this process" in desk.run("replay", str(other), code=2)
    assert desk.run("discard", str(other)) == f"{other}  discarded\n"
