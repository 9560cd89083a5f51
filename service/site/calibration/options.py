"""What can be asked of a calibration."""

from dataclasses import dataclass
from pathlib import Path

FALSE_FLAGS = 0.05  # share of known clips that are warned of


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """studies: a folder with one folder or zip per study. labels: CSV of `study` and a column per phenotype.

    out: the calibrated bundle, which must not exist. split: its test half is left untouched. key_file: key of the
    bank's pseudonyms; studies that are in the bank are left out. sensitivity: target of every threshold, None for the
    largest F1. false_flags: share of known clips beyond the limit.
    """

    bundle: Path
    bank: Path
    studies: Path
    labels: Path
    out: Path
    split: Path | None = None
    key_file: Path | None = None
    sensitivity: float | None = None
    false_flags: float = FALSE_FLAGS
    device: str = "cpu"
