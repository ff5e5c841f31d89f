"""Manners: JSON for programs, 100 columns, exit codes, colours only on a terminal, no questions."""

import json
import os
import pty
import subprocess

import pytest

from tests.integration.cli.folder import PROGRAM, Folder

COMMANDS = {
    "messages": ("messages",),
    "explained": ("messages", "--explain"),
    "routes": ("routes",),
    "migrate": ("migrate",),
    "migrations": ("migrate", "--check"),
    "doctor": ("doctor", "--set", "server.port=0"),
    "settings": ("config", "show"),
    "check": ("config", "check"),
    "schema": ("config", "schema"),
}
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)

LONG = """
class ACommandWhoseNameIsLongerThanAnybodyWouldEverLikeToTypeInOneGo(Command[None], requires="items:write"):
    title: str


async def handle_a_command_whose_name_is_longer_than_anybody_would_ever_like_to_type_in_one_go(
    command: ACommandWhoseNameIsLongerThanAnybodyWouldEverLikeToTypeInOneGo,
) -> None: ...


long = APIRouter()


@long.post("/api/" + "a-part-of-a-path/" * 6, status_code=204)
async def a_route_whose_name_is_longer_than_anybody_would_ever_like_to_type_in_one_go(
    command: ACommandWhoseNameIsLongerThanAnybodyWouldEverLikeToTypeInOneGo, mediator: Inject[Mediator]
) -> None: ...


Shop.modules = (
    *Shop.modules,
    ServiceModule(
        "a-module-with-a-name-that-is-long-as-well",
        routers=(long,),
        handlers=(handle_a_command_whose_name_is_longer_than_anybody_would_ever_like_to_type_in_one_go,),
    ),
)
"""


@pytest.fixture
def shop(folder: Folder) -> Folder:
    folder.write(
        "application.yaml", f"service: {{description: {'long ' * 40}}}\nplugins: {{sqlalchemy: {{}}}}\n"
    )
    folder.append(LONG)
    return folder


@every_command
def test_json_is_all_that_a_program_meets(shop: Folder, command: tuple[str, ...]) -> None:
    done = shop.chassis(*command, "shop:Shop", "--json")
    assert done.code in {0, 1}
    json.loads(done.out)
    assert not done.err


@every_command
def test_person_meets_a_hundred_columns_and_no_question(shop: Folder, command: tuple[str, ...]) -> None:
    """On a terminal, with nobody at the keyboard and NO_COLOR: it ends by itself, and shows no colours."""
    code, shown = on_terminal(shop, *command, "shop:Shop", NO_COLOR="1")
    assert code in {0, 1}
    assert shown
    assert "\x1b[" not in shown
    if command != COMMANDS["schema"]:
        assert [line for line in shown.splitlines() if len(line) > 100] == []


@pytest.mark.requirement("APP-8")
@pytest.mark.parametrize("command", [("run", "--port", "0"), COMMANDS["doctor"], COMMANDS["schema"]])
def test_what_could_not_run_exits_with_two(shop: Folder, command: tuple[str, ...]) -> None:
    assert "there is no module nothing" in shop.chassis(*command, "nothing:Here").report


def test_what_could_not_run_is_told_to_programs(shop: Folder) -> None:
    done = shop.chassis("routes", "nothing:Here", "--json")
    assert (done.code, done.err) == (2, "")
    assert "there is no module nothing" in done.json["findings"][0]["what"]


@pytest.mark.requirement("APP-8")
def test_what_was_found_exits_with_one_and_well_with_zero(shop: Folder) -> None:
    codes = [
        shop.chassis("migrate", "shop:Shop", *options).code for options in (["--check"], [], ["--check"])
    ]
    assert codes == [1, 0, 0]
    assert shop.chassis("config", "check", "shop:Shop").code == 0
    shop.write("application.yaml", "servr: {}\n")
    assert shop.chassis("config", "check", "shop:Shop").code == 1


def test_colours_are_for_terminals(shop: Folder) -> None:
    assert "\x1b[" in on_terminal(shop, "--help")[1]
    assert "\x1b[" not in on_terminal(shop, "--help", NO_COLOR="1")[1]
    assert "\x1b[" not in shop.chassis("--help").out


def on_terminal(folder: Folder, *arguments: str, **environ: str) -> tuple[int, str]:
    reading, writing = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=folder.path,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **environ},
        stdin=writing,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    shown = b""
    while chunk := _read(reading):
        shown += chunk
    os.close(reading)
    return process.wait(timeout=30), shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # how Linux says that the other end of a terminal is closed
        return b""
