"""`chassis dead-letters`: what consumers gave up, for the operator at a terminal."""

import asyncio
import getpass
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import typer

from fastapi_chassis.app import ApplicationAbstract
from fastapi_chassis.application import MessageContext, Principal, use_context
from fastapi_chassis.cli.options import Source, Wanted
from fastapi_chassis.cli.output import FOUND_SOMETHING, print_json, print_table, reported
from fastapi_chassis.cli.progress import told
from fastapi_chassis.cli.target import build_target
from fastapi_chassis.domain import AppException, ChassisError, Finding
from fastapi_chassis.messaging import (
    DeadLetterQuery,
    DeadLetterRecord,
    DeadLetters,
    DeadLetterStateEnum,
    Handled,
)

type Verb = Literal["replay", "discard"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NAME = 14  # columns of a group's or a message's name
_MOST = 1_000_000  # records of one run


class DeadLetterError(ChassisError):
    """What was asked of the dead letters can't be done."""


def list_dead_letters(
    source: Source, wanted: Wanted, *, state: str, limit: int, before: str | None, as_json: bool
) -> None:
    """Prints a page of them, the latest first."""
    query = replace(
        _query(wanted), state=_state(state), limit=limit, before=None if before is None else _id(before)
    )
    records = _asked(source, "reading", lambda desk: desk.page(query), as_json=as_json)
    if as_json:
        print_json([_as_json(record) for record in records])
        return
    print_table([_row(record, shows_state=state != "waiting") for record in records], cut="error")
    if len(records) == limit:
        typer.echo(f"more: --before {records[-1].id}")
    elif not records:
        typer.echo("no dead letters")


def show_dead_letter(source: Source, id: str | None, *, as_json: bool) -> None:  # noqa: A002 - its name
    """Prints one, with its headers and body."""
    record = _asked(source, "reading", lambda desk: desk.show(_id(id)), as_json=as_json)
    _print(record, as_json=as_json)


def edit_dead_letter(
    source: Source,
    id: str | None,  # noqa: A002 - its name
    *,
    payload: Path | None,
    headers: tuple[Sequence[str], Sequence[str]],
    as_json: bool,
) -> None:
    """Changes what a replay hands over.

    Args:
        source: which application.
        id: the record.
        payload: the file with the new body.
        headers: those to set, as NAME=VALUE, and the names of those to remove.
        as_json: print for programs.
    """
    given, gone = dict(map(_header, headers[0])), frozenset(headers[1])
    if payload is None and not given and not gone:
        raise typer.BadParameter("say what to change: --payload, --header or --without")
    body = None if payload is None else _read(payload)

    async def edit(desk: DeadLetters) -> DeadLetterRecord:
        now = (await desk.show(_id(id))).envelope.headers
        kept = {name: value for name, value in now.items() if name not in gone} | given
        return await desk.edit(_id(id), payload=body, headers=kept)

    _print(_asked(source, "editing", edit, as_json=as_json), as_json=as_json)


def settle_dead_letters(
    verb: Verb,
    source: Source,
    id: str | None,  # noqa: A002 - its name
    wanted: Wanted | None,
    *,
    as_json: bool,
) -> None:
    """Replays or discards one, or all that are wanted; ends with exit code 1 where one of them waits on.

    Args:
        verb: what to do.
        source: which application.
        id: the record; where all are wanted, the application may stand in its place.
        wanted: which ones, where not one is named.
        as_json: print for programs.
    """
    if wanted is not None and id is not None:
        if source.target is not None or _is_id(id):
            raise typer.BadParameter("an ID and --all exclude each other")
        id, source = None, replace(source, target=id)  # noqa: A001 - its name
    query = None if wanted is None else _query(wanted)

    async def settle(desk: DeadLetters) -> Handled:
        if query is not None:
            every = desk.replay_all if verb == "replay" else desk.discard_all
            return await every(query, most=_MOST)
        record = await (desk.replay(_id(id)) if verb == "replay" else desk.discard(_id(id)))
        if record.state is DeadLetterStateEnum.WAITING:
            return Handled((), {record.id: record.reason})
        return Handled((record.id,), {})

    handled = _asked(source, f"{verb}ing", settle, as_json=as_json)
    _tell(verb, handled, as_json=as_json)
    if handled.failed:
        raise typer.Exit(FOUND_SOMETHING)


def _asked[R](source: Source, what: str, ask: Callable[[DeadLetters], Awaitable[R]], *, as_json: bool) -> R:
    with reported("the dead letters can't be reached", trace=source.trace, as_json=as_json):
        application = build_target(source)
        _check(application)

        async def run() -> R:
            with use_context(MessageContext(principal=Principal(_operator()))):
                async with application.operating() as desk:
                    return await told(f"{what} dead letters", ask(desk))

        try:
            return asyncio.run(run())
        except AppException as fault:
            raise DeadLetterError(Finding(fault.message, remedy="see chassis dead-letters list.")) from fault


def _check(application: ApplicationAbstract) -> None:
    """Refuses where this process could see none."""
    names = application.assembly.road.dead_letters.names
    if not names:
        remedy = "look for them at the broker, or keep the modules that consume in a store that can."
        raise DeadLetterError(Finding("no store of this application keeps dead letters", remedy=remedy))
    if names == ("memory",):
        remedy = "keep the modules that consume in a database, or use the routes of the service."
        raise DeadLetterError(Finding("the dead letters are in the memory of the service", remedy=remedy))


def _operator() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # the system knows no name for this user
        return "cli"


def _query(wanted: Wanted) -> DeadLetterQuery:
    return DeadLetterQuery(
        group=wanted.group,
        type=wanted.type,
        text=wanted.error,
        since=_moment(wanted.since, "--since"),
        until=_moment(wanted.until, "--until"),
    )


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    if ago := re.fullmatch(r"([0-9]{1,6})([mhd])", text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text} is no time, such as 2027-03-01T12:00Z, and no span, such as 2h"
        raise typer.BadParameter(message, param_hint=option) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(text: str) -> DeadLetterStateEnum | None:
    if text == "any":
        return None
    try:
        return DeadLetterStateEnum(text)
    except ValueError:
        known = ", ".join((*DeadLetterStateEnum, "any"))
        raise typer.BadParameter(f"{text} is none of {known}", param_hint="--state") from None


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _id(text: str | None) -> UUID:
    if text is None or not _is_id(text):
        raise typer.BadParameter(f"{text or 'nothing'} is no ID of a dead letter")
    return UUID(text)


def _header(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"{text} is no NAME=VALUE", param_hint="--header")
    return name, value


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as fault:
        raise typer.BadParameter(f"{file} can't be read: {fault.strerror}", param_hint="--payload") from None


def _row(record: DeadLetterRecord, *, shows_state: bool) -> dict[str, str]:
    return {
        "id": str(record.id),
        "given up": f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M}",
        **(
            {"state": record.state.value}
            if shows_state
            else {"group": _end(record.group.partition(".")[2] or record.group)}
        ),
        "type": _end(_plain(record.envelope.type)),
        "error": _plain(" ".join(record.reason.removeprefix(f"{record.group}.").split())),
    }


def _plain(text: str) -> str:
    """Shows what would steer a terminal: whoever sent the message wrote this."""
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)


def _end(name: str) -> str:
    """Cuts a name: what tells it from others mostly stands at its end."""
    return name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def _as_json(record: DeadLetterRecord) -> dict[str, object]:
    envelope = record.envelope
    text = _text(envelope.payload)
    return {
        "id": record.id,
        "state": record.state.value,
        "group": record.group,
        "error": record.reason,
        "attempts": record.attempts,
        "given_up_at": record.at.astimezone(UTC).isoformat(),
        "message_id": envelope.id,
        "type": envelope.type,
        "version": envelope.version,
        "source": envelope.source,
        "sent_at": envelope.time.astimezone(UTC).isoformat(),
        "destination": envelope.destination,
        "key": envelope.key,
        "content_type": envelope.content_type,
        "headers": dict(envelope.headers),
        **({"payload_hex": envelope.payload.hex()} if text is None else {"payload": text}),
    }


def _print(record: DeadLetterRecord, *, as_json: bool) -> None:
    shown = _as_json(record)
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        if isinstance(value, Mapping):
            for header, text in value.items():
                typer.echo(_plain(f"{'header':14}{header}={text}"))
        else:
            typer.echo(_plain(f"{name:14}{value}"))


def _tell(verb: Verb, handled: Handled, *, as_json: bool) -> None:
    word = {"replay": "replayed", "discard": "discarded"}[verb]
    if as_json:
        failed = {str(id_): reason for id_, reason in handled.failed.items()}
        print_json({word: handled.done, "failed": failed})
        return
    for id_ in handled.done:
        typer.echo(f"{id_}  {word}")
    for id_, reason in handled.failed.items():
        typer.echo(_plain(f"{id_}  waits still: {' '.join(reason.split())}"))
    if not handled.done and not handled.failed:
        typer.echo("nothing to do")
