"""Partitions of the outbox, and the relays that share them.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, and removes the one lease that was there before."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "chassis_partitions",
        sa.Column("partition_no", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("owner", sa.Text()),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_table(
        "chassis_relays",
        sa.Column("owner", sa.Text(), primary_key=True),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.drop_table("chassis_relay_lease")


def downgrade() -> None:
    """Goes back to one lease."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "chassis_relay_lease",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("owner", sa.Text()),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
    )
    for name in ("chassis_relays", "chassis_partitions"):
        op.drop_table(name)
