"""Rows say their version, whose files they are, and which bundle and bank answered; owners say when they were alive."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_STATED = {"bundle": sa.Text(), "bundle_sha256": sa.String(64), "bank": sa.Text(), "bank_sha256": sa.String(64)}


def upgrade() -> None:
    """Adds the columns and fills those that the kept answers state."""
    op.add_column("studies", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.add_column("studies", sa.Column("owner", sa.String(32)))
    for name, kind in _STATED.items():
        op.add_column("studies", sa.Column(name, kind))
    op.create_table(
        "owners",
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """One row at a time: a store may hold more answers than fit into memory."""
    studies = sa.table("studies", *(sa.column(name) for name in ("study_id", "document", *_STATED)))
    answered = sa.select(studies.c.study_id).where(studies.c.document.is_not(None))
    for study_id in connection.execute(answered).scalars().all():
        document = connection.execute(sa.select(studies.c.document).where(studies.c.study_id == study_id)).scalar_one()
        if stated := _stated(document):
            connection.execute(sa.update(studies).where(studies.c.study_id == study_id).values(**stated))


def _stated(document: str) -> Mapping[str, Any]:
    """What an answer says of its bundle and bank; nothing where it is damaged, which is told when it is read."""
    try:
        provenance = json.loads(document)["provenance"]
        return {name: str(provenance[name]) for name in _STATED if provenance.get(name) is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
