"""`chassis messages`: commands, queries and events, and where each of them goes."""

import textwrap
from collections.abc import Iterator

import typer

from fastapi_chassis.app import asyncapi_of
from fastapi_chassis.cli.catalogue import EventWay, RequestWay, event_ways, request_ways
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import WIDTH, print_json, print_table, reported
from fastapi_chassis.cli.target import build_target

_NAME = 40  # columns of the longest name; a longer one stands out of its column


def show_messages(source: Source, *, explain: bool, as_json: bool) -> None:
    """Prints every message; nothing is started."""
    with reported("the messages can't be shown", trace=source.trace, as_json=as_json):
        assembly = build_target(source).assembly
        requests, events = request_ways(assembly), event_ways(assembly)
    if as_json:
        print_json({
            "requests": [one.as_json() for one in requests],
            "events": [one.as_json() for one in events],
        })  # fmt: skip
    elif explain:
        _explain(requests, events)
    else:
        print_table([*map(_request_row, requests), *(row for one in events for row in _event_rows(one))])


def show_asyncapi(source: Source) -> None:
    """Prints the AsyncAPI document; nothing is started."""
    with reported("the document can't be written", trace=source.trace):
        parts = build_target(source).assembly
        document = asyncapi_of(parts.config, parts.modules, parts.plugins, parts.road)
    print_json(document)


def _request_row(one: RequestWay) -> dict[str, str]:
    return {"message": one.name, "kind": one.kind, "handler": one.handler, "policy": one.policy}


def _event_rows(one: EventWay) -> Iterator[dict[str, str]]:
    for handler in [consumer.handler for consumer in one.consumers] or ["-"]:
        yield {"message": one.name, "kind": "event", "handler": handler, "policy": ""}


def _explain(requests: list[RequestWay], events: list[EventWay]) -> None:
    names = [*(one.name for one in requests), *(one.name for one in events)]
    kinds = [*(one.kind for one in requests), "event"]
    first, second = min(max(map(len, names), default=0), _NAME) + 2, max(map(len, kinds)) + 2
    for request in requests:
        head = f"{request.name:{first - 2}}  {request.kind:{second}}"
        _print(f"{head}{request.handler}  {request.policy}".rstrip(), first + second)
        if request.behaviors:
            _print(" " * (first + second) + " ".join(request.behaviors), first + second)
    for event in events:
        _print(f"{event.name:{first - 2}}  {'event':{second}}→ {event.there()}", first + second + 2)
        for consumer in event.consumers:
            _print(f"{'':{first + second}}← {consumer}", first + second + 2)


def _print(text: str, indent: int) -> None:
    wrapped = textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=" " * indent,
        drop_whitespace=False,
        break_on_hyphens=False,
    )
    for line in wrapped:
        typer.echo(line.rstrip())
