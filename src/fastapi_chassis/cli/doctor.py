"""`chassis doctor`: looks at everything around the service and says what would keep it from running."""

import asyncio

import typer

from fastapi_chassis.cli.examination import Look, look_at_parts, look_at_surroundings
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import (
    FOUND_SOMETHING,
    as_rows,
    print_findings,
    print_json,
    print_table,
    reported,
)
from fastapi_chassis.cli.target import blueprint_of, load_target
from fastapi_chassis.domain import ChassisError

START_TIMEOUT = 5  # seconds that one backend may take to answer


def examine(source: Source, *, as_json: bool) -> None:
    """Prints one line per look, then what was found; ends with exit code 1 if that is anything."""
    with reported("the doctor could not look", trace=source.trace, as_json=as_json):
        application = load_target(source.target)
        blueprint = blueprint_of(source, **{"server.start_timeout": START_TIMEOUT})
        looks = look_at_surroundings(application)
        try:
            made = application(blueprint)
        except ChassisError as fault:
            looks.append(Look("wiring", "configuration and wiring", fault.findings))
        else:
            looks.append(Look("wiring", "configuration and wiring"))
            looks += asyncio.run(look_at_parts(made))
    findings = [finding for look in looks for finding in look.findings]
    title = f"doctor of {application.name}"
    if as_json:
        print_json({"title": title, "looks": [_row(one) for one in looks], "findings": as_rows(findings)})
        raise typer.Exit(FOUND_SOMETHING if findings else 0)
    print_table([_row(one) for one in looks])
    typer.echo()
    print_findings(title, findings, as_json=False)


def _row(look: Look) -> dict[str, str]:
    return {"look": look.name, "state": look.state, "detail": look.detail}
