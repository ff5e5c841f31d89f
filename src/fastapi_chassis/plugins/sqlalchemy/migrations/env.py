"""What Alembic runs for each command: the connection is given, and so is the line of versions."""

from alembic import context

given = context.config.attributes

context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    target_metadata=given.get("metadata"),
    include_name=given.get("include_name"),
    render_item=given.get("render_item", False),
    compare_type=given.get("compare_type", True),
    on_version_apply=given.get("on_version_apply", ()),
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
