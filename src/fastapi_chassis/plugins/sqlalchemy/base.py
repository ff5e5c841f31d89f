"""The library's own tables: what waits, what was had and answered, what was done, and who is logged in."""

from typing import Final

from sqlalchemy import (
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
from fastapi_chassis.plugins.sqlalchemy.envelopes import envelope_columns

OWN_TABLES: Final = MetaData()

OUTBOX: Final = Table(
    "chassis_outbox",
    OWN_TABLES,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), Identity(always=True), primary_key=True),
    Column("id", uuid_type(), nullable=False, unique=True),
    *envelope_columns(),
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

OUTBOX_PARTITIONS: Final = Table(
    "chassis_partitions",
    OWN_TABLES,
    Column("partition_no", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner", Text),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", moment_type(), nullable=False),
)

RELAYS: Final = Table(
    "chassis_relays",
    OWN_TABLES,
    Column("owner", Text, primary_key=True),
    Column("expires_at", moment_type(), nullable=False),
)

INBOX: Final = Table(
    "chassis_inbox",
    OWN_TABLES,
    Column("consumer", Text, primary_key=True),
    Column("message_id", uuid_type(), primary_key=True),
    Column("received_at", moment_type(), nullable=False, index=True),
)

# whatever is due leaves: every row here waits, so that the index on the time needs no condition
SCHEDULES: Final = Table(
    "chassis_schedules",
    OWN_TABLES,
    Column("key", Text, primary_key=True),
    Column("due_at", moment_type(), nullable=False),
    Column("id", uuid_type(), nullable=False),
    *envelope_columns(),
    Index("chassis_schedules_due", "due_at"),
)

DEAD_LETTERS: Final = Table(
    "chassis_dead_letters",
    OWN_TABLES,
    Column("id", uuid_type(), primary_key=True),
    Column("consumer_group", Text, nullable=False),
    Column("message_id", uuid_type(), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("dead_at", moment_type(), nullable=False),
    Column("version_no", Integer, nullable=False),
    *envelope_columns(),
    Index("chassis_dead_letters_message", "consumer_group", "message_id", unique=True),
    Index("chassis_dead_letters_age", "dead_at"),
    Index(
        "chassis_dead_letters_waiting",
        "type",
        "id",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
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
