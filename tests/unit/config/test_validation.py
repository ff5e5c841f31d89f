from typing import Annotated, Literal, Self

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator

from fastapi_chassis.config import ConfigModel, RootConfig
from tests.unit.config.project import Project

CANARY = "swordfish-4711"


class Email(ConfigModel):
    kind: Literal["email"]
    host: str


class Sms(ConfigModel):
    kind: Literal["sms"]
    number: int


class Window(ConfigModel):
    start: int = 0
    end: int = 9

    @model_validator(mode="after")
    def ordered(self) -> Self:
        if self.start > self.end:
            raise ValueError("start is after end")
        return self


class NotifyConfig(ConfigModel):
    channel: Annotated[Email | Sms, Field(discriminator="kind")] | None = None
    either: Email | Sms | None = None
    window: Window = Window()
    windows: list[Window] = []  # noqa: RUF012
    secret: SecretStr = SecretStr("")
    token: str = ""
    pin: Annotated[str, Field(max_length=2)] = ""
    level: Literal["low", "high"] = "low"
    count: int = 0
    named: dict[str, int] = {}  # noqa: RUF012

    @field_validator("token")
    @classmethod
    def leaky(cls, token: str) -> str:
        if token == CANARY:
            raise ValueError(f"{token} is not a token")
        return token


class NotifyRoot(RootConfig):
    notify: NotifyConfig = NotifyConfig()


class Needy(RootConfig):
    needed: int
    inner: Email | None = None


@pytest.mark.requirement("CFG-1")
@pytest.mark.parametrize(
    ("written", "where", "what", "remedy"),
    [
        ("count: x", "count", "expected a whole number, found text: x", ""),
        ("count: 1.5", "count", "expected a whole number, found a number: 1.5", ""),
        ("count: null", "count", "expected a whole number, found nothing", ""),
        ("count: [1]", "count", "expected a whole number, found a list", ""),
        ("level: hihg", "level", "expected one of low or high, found text: hihg", "Did you mean high?"),
        ("pin: abc", "pin", "must have 2 or fewer characters: abc", ""),
        ("window: {start: 10}", "window", "start is after end", ""),
        ("windows: [{}, {start: 10}]", "windows[1]", "start is after end", ""),
        ("windows: [{}, {strat: 10}]", "windows[1].strat", "unknown key", "Did you mean start?"),
        ("named: {a: x}", "named.a", "expected a whole number, found text: x", ""),
        (
            "channel: {kind: email}",
            "channel.host",
            "required, and not set",
            "set it here, or by CHASSIS_NOTIFY__CHANNEL__HOST",
        ),
        ("channel: {kind: sms, number: x}", "channel.number", "expected a whole number, found text", ""),
    ],
)
def test_findings_of_values(project: Project, written: str, where: str, what: str, remedy: str) -> None:
    project.write(f"notify:\n  {written}\n")
    found = project.finding(root=NotifyRoot)
    assert (found.where, found.what, found.remedy) == (f"application.yaml:2  notify.{where}", what, remedy)


def test_a_wrong_member_of_a_union_is_one_place(project: Project) -> None:
    project.write("notify: {channel: {kind: emial, host: x}}")
    assert project.finding(root=NotifyRoot).where == "application.yaml:1  notify.channel"


@pytest.mark.requirement("CFG-1")
def test_a_missing_key(project: Project) -> None:
    found = project.finding(root=Needy)
    assert (found.where, found.what) == ("needed", "required, and not set")
    assert found.remedy == "set it here, or by CHASSIS_NEEDED"


def test_a_list_names_its_item_and_line(project: Project) -> None:
    class Lists(RootConfig):
        numbers: list[int] = []  # noqa: RUF012

    project.write("numbers:\n  - 1\n  - x\n")
    assert project.finding(root=Lists).where == "application.yaml:3  numbers[1]"


@pytest.mark.requirement("CFG-5", "APP-8")
@pytest.mark.parametrize(
    ("written", "environ"),
    [
        (f"secret: [{CANARY}]", {}),
        (f"token: {CANARY}", {}),
        (f"password: {CANARY}", {}),
        ("count: ${X}", {"X": CANARY}),
        ("pin: ${X}", {"X": CANARY}),
        ("level: ${X}", {"X": CANARY}),
        (f"channel: {{kind: sms, number: {CANARY}}}", {}),
        (f"either: {{kind: sms, number: {CANARY}}}", {}),
        ("level: low", {"CHASSIS_NOTIFY__COUNT": CANARY}),
    ],
)
def test_no_finding_shows_a_secret(project: Project, written: str, environ: dict[str, str]) -> None:
    project.write(f"notify:\n  {written}\n")
    findings = project.findings(environ, root=NotifyRoot)
    assert findings
    assert CANARY not in repr(findings)


def test_a_value_from_a_variable_names_it(project: Project) -> None:
    project.write("notify: {count: '${COUNT}'}")
    found = project.finding({"COUNT": "x"}, root=NotifyRoot)
    assert found.what == "expected a whole number, found text (from COUNT)"


def test_long_values_are_shortened(project: Project) -> None:
    project.write(f"notify: {{level: {'x' * 99}}}")
    assert project.finding(root=NotifyRoot).what.endswith(": " + "x" * 40 + "...")


def test_what_follows_from_another_finding_is_not_reported(project: Project) -> None:
    project.write("notify:\n  window: {start: '${NOWHERE}', end: -5}\n")
    assert project.finding(root=NotifyRoot).what.startswith("NOWHERE is not set")
