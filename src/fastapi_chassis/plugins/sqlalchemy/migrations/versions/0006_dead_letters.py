"""Messages that a consumer group gave up.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "chassis_dead_letters",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("consumer_group", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("dead_at", moment, nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
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
    )
    name = "chassis_dead_letters"
    op.create_index(f"{name}_message", name, ["consumer_group", "message_id"], unique=True)
    op.create_index(f"{name}_age", name, ["dead_at"])
    waiting = sa.text("state = 'waiting'")
    op.create_index(f"{name}_waiting", name, ["type", "id"], postgresql_where=waiting, sqlite_where=waiting)


def downgrade() -> None:
    """Removes the table."""
    op.drop_table("chassis_dead_letters")
