"""What can be asked of a validation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class ValidationOptions:
    """studies: a folder with one folder or zip per study. reports: CSV of signed reports. out: folder of the results.

    key_file: key of the bank's pseudonyms; studies that are in the bank are left out. mode: how drafts are written,
    None for the first that the bundle and bank allow. lang: language of the signed reports, None for the bundle's own.
    """

    bundle: Path
    bank: Path
    studies: Path
    reports: Path
    out: Path
    key_file: Path | None = None
    mode: Literal["rag", "retrieval", "generate"] | None = None
    lang: str | None = None
    device: str = "cpu"
