"""Where members lie in SQL."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("email", String(128), nullable=False, unique=True),
    Column("hashed_password", String(256), nullable=False),
    Column("full_name", String(128), nullable=False),
    Column("first_name", String(128), nullable=False),
    Column("last_name", String(128), nullable=False),
    Column("birthday", Date),
    Column("photo", Text),
    Column("phone", String(64)),
    Column("street", String(128)),
    Column("city", String(64)),
    Column("state", String(64)),
    Column("zip_code", String(24)),
    Column("country", String(64)),
    Column("meta", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("is_guest", Boolean, nullable=False),
    Column("is_superuser", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
