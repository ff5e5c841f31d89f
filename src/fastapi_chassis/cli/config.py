"""`chassis config`: every setting with its origin, what is wrong, and the schema for editors."""

import json

from fastapi_chassis.app import configuration_schema, load_configuration
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import print_findings, print_json, print_table, reported
from fastapi_chassis.cli.target import blueprint_of, load_target
from fastapi_chassis.config import ConfigurationError, Setting, describe
from fastapi_chassis.domain import Finding

TITLE = "the configuration can't be shown"


def show(source: Source, *, as_json: bool) -> None:
    """Prints every setting; secrets are masked."""
    with reported(TITLE, trace=source.trace, as_json=as_json):
        settings = describe(load_configuration(load_target(source.target), blueprint_of(source)))
    if as_json:
        print_json([{"path": one.path, "value": one.value, "origin": str(one.origin)} for one in settings])
    else:
        print_table([_row(one) for one in settings], cut="value")


def check(source: Source, *, as_json: bool) -> None:
    """Prints what is wrong with the configuration, or that it is well."""
    with reported(TITLE, trace=source.trace, as_json=as_json):
        application = load_target(source.target)
        blueprint = blueprint_of(source)
    findings: tuple[Finding, ...] = ()
    try:
        load_configuration(application, blueprint)
    except ConfigurationError as fault:
        findings = fault.findings
    print_findings(f"configuration of {application.name}", findings, as_json=as_json)


def schema(source: Source, *, as_json: bool) -> None:
    """Prints the JSON Schema of `application.yaml`; the flag is about the report if it can't."""
    with reported(TITLE, trace=source.trace, as_json=as_json):
        print_json(configuration_schema(load_target(source.target)))


def _row(setting: Setting) -> dict[str, str]:
    value = setting.value if isinstance(setting.value, str) else json.dumps(setting.value, default=str)
    return {"setting": setting.path, "value": " ".join(value.split()), "origin": str(setting.origin)}
