"""Audit records, which the database refuses to change.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE FUNCTION chassis_audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'chassis_audit: records are only added' USING ERRCODE = '23001'; END $$
"""


def upgrade() -> None:
    """Makes the table."""
    moment = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
    texts = (
        "actor",
        "action",
        "place",
        "entity",
        "entity_id",
        "outcome",
        "reason",
        "correlation_id",
        "tenant",
    )
    op.create_table(
        "chassis_audit",
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("at", moment, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("details", sa.Text(), nullable=False),
    )
    op.create_index("chassis_audit_entity", "chassis_audit", ["entity", "entity_id", "sequence"])
    op.create_index("chassis_audit_actor", "chassis_audit", ["actor", "sequence"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(_REFUSE)
        op.execute(
            "CREATE TRIGGER chassis_audit_kept BEFORE UPDATE OR DELETE ON chassis_audit "
            "FOR EACH ROW EXECUTE FUNCTION chassis_audit_is_kept()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER chassis_audit_no_{verb.lower()} BEFORE {verb} ON chassis_audit "
            "BEGIN SELECT RAISE(ABORT, 'chassis_audit: records are only added'); END"
        )


def downgrade() -> None:
    """Removes the table, and every record with it."""
    op.drop_table("chassis_audit")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION chassis_audit_is_kept()")
