"""What can be asked of a fine-tuning."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class FineTuningOptions:
    """studies: a folder with a folder of clips per study. reports, mapping: as `echoscribe bank build` takes them.

    out: the new bundle, which must not exist. patients: different ones in a step. clips: of a study that are kept,
    evenly chosen. freeze_text: train the video encoder alone. name: of the new bundle, None for the old one's and a
    remark. checkpoint_every: steps that a stop can cost again.
    """

    bundle: Path
    studies: Path
    reports: Path
    mapping: Path
    out: Path
    steps: int = 1000
    patients: int = 16
    clips: int = 8
    learning_rate: float = 1e-5
    freeze_text: bool = False
    name: str | None = None
    checkpoint_every: int = 100
    device: str = "auto"
    seed: int = 0
