"""Where it lies in SQL: a plain SQLAlchemy Table."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
items = Table(
    "items",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner_id", Uuid, nullable=False, index=True),
    Column("price", Numeric(12, 2), nullable=False),
    Column("meta", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
