"""Where items lie in SQL."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, MetaData, String, Table, Text, Uuid

metadata = MetaData()
# ordered by code points, as on every other store
_title = String(200).with_variant(String(200, collation="C"), "postgresql")

items = Table(
    "items",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("title", _title, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner_id", Uuid, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index("ix_items_created_at", "created_at", "id"),
    Index("ix_items_owner_id", "owner_id", "created_at"),
)
