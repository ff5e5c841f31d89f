"""Logins, and the refresh tokens that count.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    op.create_table(
        "chassis_login",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("token_before", sa.Text()),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("rotated_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
    )
    op.create_index("chassis_login_user", "chassis_login", ["user_id", "rotated_at"])


def downgrade() -> None:
    """Removes the table."""
    op.drop_table("chassis_login")
