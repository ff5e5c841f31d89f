"""Outbox, inbox, relay lease and answers.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "chassis_outbox",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=True),
            primary_key=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("aggregatetype", sa.Text(), nullable=False),
        sa.Column("aggregateid", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("occurred_at", moment, nullable=False),
        sa.Column("partition_no", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("available_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "chassis_outbox_waiting",
        "chassis_outbox",
        ["aggregateid", "seq"],
        postgresql_where=sa.text("attempts > 0"),
        sqlite_where=sa.text("attempts > 0"),
    )
    if op.get_context().dialect.name == "postgresql":
        # rows come and go: without this the table grows between two runs of the vacuum
        op.execute(
            "ALTER TABLE chassis_outbox SET (autovacuum_vacuum_scale_factor = 0, "
            "autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)"
        )
    op.create_table(
        "chassis_relay_lease",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text()),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_table(
        "chassis_inbox",
        sa.Column("consumer", sa.Text(), primary_key=True),
        sa.Column("message_id", sa.Uuid(), primary_key=True),
        sa.Column("received_at", moment, nullable=False),
    )
    op.create_index("ix_chassis_inbox_received_at", "chassis_inbox", ["received_at"])
    op.create_table(
        "chassis_idempotency",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("ix_chassis_idempotency_created_at", "chassis_idempotency", ["created_at"])


def downgrade() -> None:
    """Removes the tables."""
    for name in ("chassis_idempotency", "chassis_inbox", "chassis_relay_lease", "chassis_outbox"):
        op.drop_table(name)
