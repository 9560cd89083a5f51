"""Reports have versions: edited, signed, amended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the table."""
    study = sa.ForeignKey("studies.study_id", ondelete="CASCADE")
    op.create_table(
        "editions",
        sa.Column("study_id", sa.String(36), study, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("key", sa.String(32)),
        sa.Column("signed_by", sa.Text),
        sa.Column("amends", sa.Integer),
        sa.Column("reason", sa.Text),
        sa.Column("changes", sa.Text, nullable=False),
    )
    op.create_index("ix_editions_state_created", "editions", ["state", "created"])
