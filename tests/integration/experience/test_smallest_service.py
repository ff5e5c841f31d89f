"""The smallest service that is still real: as printed, served by the real command line."""

import signal
import sqlite3
from uuid import UUID

import pytest

from tests.integration.cli.folder import Folder, free_port
from tests.integration.experience.calls import call


@pytest.mark.requirement("APP-1", "MISTAKE-1")
def test_it_runs_as_printed(folder: Folder) -> None:
    port = free_port()
    with folder.running("shop:Shop", "--port", str(port)) as service:
        service.prints("ready in")

        made = call(port, "/api/items/", {"title": "Dune"})
        assert made.status == 201
        UUID(str(made.json))

        wrong = call(port, "/api/items/", {"titel": "Dune"})
        assert (wrong.status, wrong.kind) == (422, "application/problem+json")
        assert wrong.json["errors"] == {
            "title": ["Field required"],
            "titel": ["Unexpected keyword argument"],
        }

        assert call(port, "/api/health").status == 200
        assert call(port, "/api/health/live").status == 200
        assert call(port, "/api/health/ready").status == 200
        page = call(port, "/api/docs")
        assert (page.status, page.kind.split(";")[0]) == (200, "text/html")
        assert service.stopped_by(signal.SIGTERM) == 0
        assert service.out.count("new: Dune") == 1


@pytest.mark.requirement("APP-4")
def test_its_command_stands_in_the_api_page(folder: Folder) -> None:
    port = free_port()
    with folder.running("shop:Shop", "--port", str(port)) as service:
        service.prints("ready in")
        described = call(port, "/api/openapi.json").json
        operation = described["paths"]["/api/items/"]["post"]
        body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert body == "#/components/schemas/CreateItem"
        assert described["components"]["schemas"]["CreateItem"]["required"] == ["title"]
        answer = operation["responses"]["201"]["content"]["application/json"]["schema"]
        assert (answer["type"], answer["format"]) == ("string", "uuid")
        assert service.stopped_by(signal.SIGTERM) == 0


@pytest.mark.requirement("PLG-1", "REP-1")
def test_one_line_of_configuration_makes_it_a_database(folder: Folder) -> None:
    folder.write("application.yaml", "plugins: {sqlalchemy: {}}\n")
    port = free_port()
    for title in ("Dune", "Solaris"):
        with folder.running("shop:Shop", "--port", str(port)) as service:
            service.prints("ready in")
            assert call(port, "/api/items/", {"title": title}).status == 201
            assert service.stopped_by(signal.SIGTERM) == 0
            assert service.out.count(f"new: {title}") == 1
            assert service.out.count("new:") == 1
    with sqlite3.connect(folder.path / "service.db") as database:
        assert database.execute("SELECT title FROM item ORDER BY title").fetchall() == [
            ("Dune",),
            ("Solaris",),
        ]
        assert database.execute("SELECT count(*) FROM chassis_outbox").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM chassis_inbox").fetchone() == (2,)
    database.close()
