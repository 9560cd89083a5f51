"""The tables of the store, as its newest migration leaves them; a test compares the two."""

from typing import Final

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text, func

from service.access.caller import DEFAULT_TENANT

ROW_VERSION: Final = 1  # of the documents in a row; a row with a higher number was written by a newer program

metadata: Final = MetaData()

studies: Final = Table(
    "studies",
    metadata,
    Column("study_id", String(36), primary_key=True),
    Column("created", String(32), nullable=False, index=True),  # ISO 8601, UTC: sorts as text
    Column("document", Text),
    Column("phenotypes", Text),
    Column("problem", Text),
    Column("key_digest", String(64), unique=True),
    Column("payload_digest", String(64)),
    Column("version", Integer, nullable=False, server_default=str(ROW_VERSION)),
    Column("owner", String(32)),  # whose upload folder has its files, while it is open
    Column("bundle", Text),
    Column("bundle_sha256", String(64)),
    Column("bank", Text),
    Column("bank_sha256", String(64)),
    Column("tenant", String(32), nullable=False, server_default=DEFAULT_TENANT),
    Index("ix_studies_tenant_created", "tenant", "created"),  # the newest of a tenant are found without sorting all
)
# What people made of answers. A version is never changed; it goes with its study, which the store does by name: SQLite
# looks at foreign keys only where it is told to.
editions: Final = Table(
    "editions",
    metadata,
    Column("study_id", String(36), ForeignKey("studies.study_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("state", String(8), nullable=False),
    Column("created", String(32), nullable=False),
    Column("key", String(32)),  # id of the key that made it
    Column("signed_by", Text),
    Column("amends", Integer),
    Column("reason", Text),
    Column("changes", Text, nullable=False),  # JSON: everything that it says otherwise than the draft
    Index("ix_editions_state_created", "state", "created"),
)
secret: Final = Table("secret", metadata, Column("key_secret", String(64), nullable=False))
# When each owner was last alive, by the clock of the database: the one clock that several hosts share.
owners: Final = Table(
    "owners",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("seen", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
