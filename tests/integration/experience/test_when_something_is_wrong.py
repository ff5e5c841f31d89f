"""When something is wrong: all of it in one report; when all is well: who handles what, and the banner."""

import re
import signal

import pytest

from tests.integration.cli.folder import CANARY, Folder

CONFIGURATION = f"""\
service: {{name: shop, version: 1.4.0}}
security: {{secret_key: a-secret-of-its-own-{CANARY}}}
api: {{allowed_hosts: [shop.example]}}
plugins:
  sqlalchemy:
    url: ${{DATABASE_URL}}
    conect_timeout: 2
"""
LEGACY = """
class Mailer: ...


async def create(command: CreateItem) -> UUID: ...


async def remind(event: ItemCreated, mail: Mailer) -> None: ...


Shop.modules = (*Shop.modules, ServiceModule("legacy", handlers=(create,), consumers=(remind,)))
"""
REPORT = """\
shop could not start: 4 findings

1  application.yaml:6  plugins.sqlalchemy.url
   DATABASE_URL is not set, and the production profile has no default for it
   set it, or put the file database_url into /run/secrets.
2  application.yaml:7  plugins.sqlalchemy.conect_timeout
   unknown key. Did you mean connect_timeout?
3  CreateItem has 2 handlers: shop.create_item, shop.create
   keep one, or send another command.
4  shop.remind asks for Mailer, which nothing provides
   provide it in a module (providers=...), or enable a plugin that does.

exit 2 · chassis run --trace shows the stack · chassis doctor looks at the environment
"""
EXPLAINED = """\
CreateItem   command  shop.create_item  public
                      trace log validate idempotency transaction
ItemCreated  event    → integration-events.item_created (memory, key aggregate)  outbox sqlalchemy
                      ← shop.announce (group shop.items, inbox sqlalchemy, 5 attempts, then dead
                        letter)
"""


@pytest.mark.requirement("APP-8", "CFG-1", "MISTAKE-20")
def test_everything_that_is_wrong_stands_in_one_report(folder: Folder) -> None:
    folder.write("application.yaml", CONFIGURATION)
    folder.append(LEGACY)
    assert folder.chassis("run", "shop:Shop", "--profile", "production").report == REPORT
    for command in (("config", "check"), ("doctor",)):
        looked = folder.chassis(*command, "shop:Shop", "--profile", "production")
        assert looked.code == 1
        assert "DATABASE_URL is not set, and the production profile has no default for it" in looked.out
        assert "unknown key. Did you mean connect_timeout?" in looked.out
        assert CANARY not in looked.out + looked.err


def test_trace_shows_the_stack(folder: Folder) -> None:
    folder.append(LEGACY)
    done = folder.chassis("run", "shop:Shop", "--trace")
    assert done.code == 2
    assert "Traceback" in done.err
    assert "shop could not start: 2 findings" in done.err


@pytest.mark.requirement("APP-8")
def test_missing_migration_names_the_command(folder: Folder) -> None:
    folder.write("application.yaml", "plugins: {sqlalchemy: {migrate: false}}\n")
    report = folder.chassis("run", "shop:Shop", "--port", "0").report
    assert "chassis migrate" in report


def test_messages_explained(folder: Folder) -> None:
    folder.write("application.yaml", "plugins: {sqlalchemy: {}}\n")
    done = folder.chassis("messages", "shop:Shop", "--explain")
    assert done.code == 0
    assert done.out == EXPLAINED


def test_two_lines_say_what_runs_and_where(folder: Folder) -> None:
    folder.write("application.yaml", "service: {version: 1.4.0}\nplugins: {sqlalchemy: {}}\n")
    with folder.running("shop:Shop", "--port", "0") as service:
        first, second = service.prints("ready in").splitlines()[:2]
        assert re.fullmatch(r"shop 1\.4\.0 · development · http://127\.0\.0\.1:\d+/api/docs", first)
        assert re.fullmatch(r"sqlalchemy.* · ready in \d+\.\d\d s", second)
        assert service.stopped_by(signal.SIGTERM) == 0
    folder.write("application.yaml", "plugins: {sqlalchemy: {enabled: false}}\n")
    with folder.running("shop:Shop", "--port", "0") as service:
        assert "sqlalchemy off · ready in" in service.prints("ready in")
        assert service.stopped_by(signal.SIGTERM) == 0
