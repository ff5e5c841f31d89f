"""The commands that print: tables in 100 columns, JSON, and nothing started."""

import os
import pty
import subprocess

import pytest

from tests.integration.cli.folder import CANARY, PROGRAM, Folder


def fits(text: str) -> bool:
    return all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.requirement("MISTAKE-20")
def test_help_names_every_command(folder: Folder) -> None:
    done = folder.chassis("--help")
    assert done.code == 0
    listed = {line.split()[0] for line in done.out.splitlines() if line.startswith("  ") and line.strip()}
    assert {"run", "config", "messages", "routes", "migrate", "doctor"} <= listed
    assert "\x1b" not in done.out


def test_unknown_command_is_a_wrong_use(folder: Folder) -> None:
    done = folder.chassis("serve")
    assert done.code == 2
    assert "No such command 'serve'" in done.err


def test_messages(folder: Folder) -> None:
    done = folder.chassis("messages")
    assert done.code == 0
    assert "CreateItem   command  shop.create_item  requires items:write" in done.out
    assert "CountItems   query    shop.count_items  public" in done.out
    assert "ItemCreated  event    shop.announce" in done.out


def test_messages_explained(folder: Folder) -> None:
    done = folder.chassis("messages", "--explain")
    assert done.code == 0
    assert "trace log authorise validate idempotency transaction" in done.out
    assert "→ integration-events.item_created (memory, key aggregate)  outbox memory" in done.out
    assert "← shop.announce (group shop.items, inbox memory, 5 attempts, then dead letter)" in done.out
    assert fits(done.out)


def test_messages_for_programs(folder: Folder) -> None:
    found = folder.chassis("messages", "--json").json
    (create,) = [one for one in found["requests"] if one["name"] == "CreateItem"]
    assert create["policy"] == "requires items:write"
    assert found["events"][0]["consumers"][0]["group"] == "shop.items"


def test_routes(folder: Folder) -> None:
    done = folder.chassis("routes")
    assert done.code == 0
    assert "POST    /api/items/" in done.out
    assert fits(done.out)
    (post,) = [one for one in folder.chassis("routes", "--json").json if one["method"] == "POST"]
    assert post == {
        "method": "POST",
        "path": "/api/items/",
        "name": "post_item",
        "policy": "requires items:write",
    }


@pytest.mark.requirement("CFG-7", "CFG-5")
def test_config_show_tells_origins_and_masks(folder: Folder) -> None:
    folder.write("application.yaml", "server:\n  port: 9001\nsecurity:\n  secret_key: ${SHOP_KEY}\n")
    folder.environ |= {"SHOP_KEY": CANARY, "CHASSIS_LOGGING__LEVEL": "WARNING"}
    done = folder.chassis("config", "show", "--set", "server.host=::1")
    assert done.code == 0
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in done.out.splitlines()}
    assert lines["server.port"] == "9001 application.yaml:2"
    assert lines["server.host"] == "::1 argument server.host"
    assert lines["logging.level"] == "WARNING environment variable CHASSIS_LOGGING__LEVEL"
    assert lines["security.secret_key"] == "*** application.yaml:4 ${SHOP_KEY}"
    assert lines["api.prefix"] == "/api default"
    assert CANARY not in done.out
    assert fits(done.out)


@pytest.mark.requirement("CFG-7", "CFG-5")
def test_config_show_for_programs(folder: Folder) -> None:
    folder.write("application.yaml", "security:\n  secret_key: ${SHOP_KEY}\n")
    folder.environ["SHOP_KEY"] = CANARY
    done = folder.chassis("config", "show", "--json")
    assert {"path": "server.port", "value": 8000, "origin": "default"} in done.json
    assert CANARY not in done.out


@pytest.mark.requirement("CFG-7")
def test_config_check(folder: Folder) -> None:
    done = folder.chassis("config", "check")
    assert (done.code, done.out) == (0, "configuration of shop: well\n")
    folder.write("application.yaml", "server:\n  prot: 1\n")
    done = folder.chassis("config", "check")
    assert done.code == 1
    assert "configuration of shop: 1 finding" in done.out
    assert "application.yaml:2  server.prot" in done.out
    done = folder.chassis("config", "check", "--json")
    assert done.code == 1
    assert done.json["findings"][0]["where"] == "application.yaml:2  server.prot"


@pytest.mark.requirement("CFG-7")
def test_config_schema(folder: Folder) -> None:
    done = folder.chassis("config", "schema")
    assert done.code == 0
    assert {"server", "messaging", "plugins"} <= set(done.json["properties"])


@pytest.mark.parametrize(("quiet", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_on_a_terminal(folder: Folder, quiet: dict[str, str], is_coloured: bool) -> None:
    reading, writing = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **quiet}
    subprocess.run([PROGRAM, "--help"], env=environ, stdout=writing, stderr=writing, timeout=30, check=True)
    os.close(writing)
    shown = b""
    while chunk := read(reading):
        shown += chunk
    os.close(reading)
    assert b"doctor" in shown
    assert (b"\x1b[" in shown) is is_coloured


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # how Linux says that the other end of a terminal is closed
        return b""
