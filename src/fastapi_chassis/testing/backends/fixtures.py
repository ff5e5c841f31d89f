"""The pytest side of the backends: shared and private servers, fresh databases, the `backends` marker."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from fastapi_chassis.testing.backends.backend import Backend
from fastapi_chassis.testing.backends.postgresql import fresh_database
from fastapi_chassis.testing.backends.run_folder import run_folder_if_any, sweep
from fastapi_chassis.testing.backends.session import BackendSession

type OpenBackend = Callable[[str], Backend]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, so that `--strict-markers` accepts it."""
    config.addinivalue_line("markers", "backends(*names): real servers that this test needs")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what killed workers have left behind; the controller of a distributed run is the last to go."""
    if not hasattr(config, "workerinput") and run_folder_if_any() is not None:
        sweep()


@pytest.fixture(scope="session")
def backend_session() -> Iterator[BackendSession]:
    """Hold the backends of this test process."""
    session = BackendSession()
    yield session
    session.close()


@pytest.fixture(scope="session")
def backend(backend_session: BackendSession) -> OpenBackend:
    """Give shared servers by name: `backend("kafka").url`; without one the test skips and says why."""
    return backend_session.shared


@pytest.fixture
def private_backend(backend_session: BackendSession) -> Iterator[OpenBackend]:
    """Give servers of this test alone, which it may stop, kill, pause and restart."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(backend_session.private(name))


@pytest.fixture(autouse=True)
def marked_backends(request: pytest.FixtureRequest) -> None:
    """Open what `@pytest.mark.backends("postgresql", ...)` names before the test runs."""
    names = [name for marker in request.node.iter_markers("backends") for name in marker.args]
    if names:
        session: BackendSession = request.getfixturevalue("backend_session")
        for name in names:
            session.shared(name)


@pytest.fixture
def postgresql_url(backend: OpenBackend) -> Iterator[str]:
    """Give the URL of a fresh database on the shared PostgreSQL, dropped after the test."""
    opening = fresh_database(backend("postgresql").url)
    # A loop of our own that is never the current one: it works beside every asyncio plugin.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        url = runner.run(opening.__aenter__())
        yield url
        runner.run(opening.__aexit__(None, None, None))


@pytest.fixture
def valkey_url(backend: OpenBackend) -> str:
    """Give the URL of the shared Valkey; isolate by key prefix."""
    return backend("valkey").url


@pytest.fixture
def rabbitmq_url(backend: OpenBackend) -> str:
    """Give the URL of the shared RabbitMQ; isolate by the names of exchanges and queues."""
    return backend("rabbitmq").url


@pytest.fixture
def nats_url(backend: OpenBackend) -> str:
    """Give the URL of the shared NATS with JetStream; isolate by the names of streams and subjects."""
    return backend("nats").url


@pytest.fixture
def kafka_servers(backend: OpenBackend) -> str:
    """Give the bootstrap server `host:port` of the shared Kafka; isolate by topic and group."""
    return backend("kafka").url


@pytest.fixture
def ferretdb_url(backend: OpenBackend) -> str:
    """Give the URL of the shared MongoDB-compatible server; isolate by the name of the database."""
    return backend("ferretdb").url


@pytest.fixture
def hydra(backend: OpenBackend) -> Backend:
    """Give the shared Ory Hydra: `url` is public, `endpoints["admin"]` is not."""
    return backend("hydra")


@pytest.fixture
def kratos(backend: OpenBackend) -> Backend:
    """Give the shared Ory Kratos: `url` is public, `endpoints["admin"]` is not."""
    return backend("kratos")
