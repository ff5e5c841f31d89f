"""The library's own tables: what waits, what was had and answered, what was done, and who is logged in."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from fastapi_chassis.plugins.sqlalchemy.columns import moment_type, uuid_type

PARTITIONS: Final = 64
OWN_TABLES: Final = MetaData()

# Names as Debezium's outbox event router expects them, so that change-data-capture can take over. The payload
# is bytes: whatever the codec, they leave as they came.
OUTBOX: Final = Table(
    "chassis_outbox",
    OWN_TABLES,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), Identity(always=True), primary_key=True),
    Column("id", uuid_type(), nullable=False, unique=True),
    Column("aggregatetype", Text, nullable=False),
    Column("aggregateid", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("destination", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("occurred_at", moment_type(), nullable=False),
    Column("partition_no", SmallInteger, nullable=False),
    Column("created_at", moment_type(), nullable=False),
    Column("available_at", moment_type(), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    sqlite_autoincrement=True,  # a sequence is never given twice, even if its row is gone
)
Index(
    "chassis_outbox_waiting",
    OUTBOX.c.aggregateid,
    OUTBOX.c.seq,
    postgresql_where=text("attempts > 0"),
    sqlite_where=text("attempts > 0"),
)

RELAY_LEASE: Final = Table(
    "chassis_relay_lease",
    OWN_TABLES,
    Column("name", Text, primary_key=True),
    Column("owner", Text),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", moment_type(), nullable=False),
)

INBOX: Final = Table(
    "chassis_inbox",
    OWN_TABLES,
    Column("consumer", Text, primary_key=True),
    Column("message_id", uuid_type(), primary_key=True),
    Column("received_at", moment_type(), nullable=False, index=True),
)

IDEMPOTENCY: Final = Table(
    "chassis_idempotency",
    OWN_TABLES,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", moment_type(), nullable=False, index=True),
)

AUDIT: Final = Table(
    "chassis_audit",
    OWN_TABLES,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("id", uuid_type(), nullable=False, unique=True),
    Column("at", moment_type(), nullable=False),
    *(
        Column(name, Text, nullable=False)
        for name in (
            *("actor", "action", "place", "entity", "entity_id", "outcome", "reason", "correlation_id"),
            *("tenant", "details"),
        )
    ),
    Index("chassis_audit_entity", "entity", "entity_id", "sequence"),
    Index("chassis_audit_actor", "actor", "sequence"),
)

LOGINS: Final = Table(
    "chassis_login",
    OWN_TABLES,
    Column("id", uuid_type(), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("user_id", uuid_type(), nullable=False),
    Column("token_id", Text, nullable=False),
    Column("token_before", Text),
    Column("began_at", moment_type(), nullable=False),
    Column("rotated_at", moment_type(), nullable=False),
    Column("ends_at", moment_type(), nullable=False),
    Column("is_revoked", Boolean, nullable=False),
    Index("chassis_login_user", "user_id", "rotated_at"),
)
