"""Rows say whose they are; stores made by a version between two releases say it already."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the column and the index that a tenant's list is read from; what was there belongs to the default tenant."""
    if any(column["name"] == "tenant" for column in sa.inspect(op.get_bind()).get_columns("studies")):
        return
    op.add_column("studies", sa.Column("tenant", sa.String(32), nullable=False, server_default="default"))
    op.create_index("ix_studies_tenant_created", "studies", ["tenant", "created"])
