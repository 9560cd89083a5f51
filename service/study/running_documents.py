"""What a running service says of itself."""

from typing import Literal

from pydantic import Field

from service.documents.document import Document
from service.schemas import Mode


class ReadinessDocument(Document):
    """Whether POST /report is served now; `reason` says why not."""

    ready: bool
    phase: Literal["loading", "ready", "draining", "failed", "lost", "stopped"]
    reason: str | None


class InfoDocument(Document):
    """What is running: versions, hashes, device, modes and limits. Empty tables while it loads."""

    echoscribe: str
    draft_notice: str
    readiness: ReadinessDocument
    bank_check: Literal["waiting", "running", "ok", "failed"] = Field(
        "waiting", description="Whether every block of the bank has its sha256; looked at in the background."
    )
    licence_notice: str | None
    modes: list[Mode] = Field(description="Report modes of this bundle, the default first.")
    languages: list[str] = Field(default=[], description="Languages of its reports, its own first.")
    provenance: dict[str, str | int | float | bool | None]
    limits: dict[str, int | float]
