"""Studies, their answers and problems, and the secret of the store: what stores held before they were migrated."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "studies",
        sa.Column("study_id", sa.String(36), primary_key=True),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("document", sa.Text),
        sa.Column("phenotypes", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("key_digest", sa.String(64), unique=True),
        sa.Column("payload_digest", sa.String(64)),
    )
    op.create_index("ix_studies_created", "studies", ["created"])
    op.create_table("secret", sa.Column("key_secret", sa.String(64), nullable=False))
