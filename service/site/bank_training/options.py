"""What can be asked of the training of a decoder on a bank."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.site.decoder_training.options import VOCABULARY

Size = Literal["auto", "development", "full"]
MINUTES = 60.0
TEST_STUDIES = 300  # macro-F1 is then known to about 0.02 (95 %); writing them takes a minute


@dataclass(frozen=True, kw_only=True)
class BankTrainingOptions:
    """The folders that are read, the bundle that is written, and how to train.

    minutes: of preparing rows and training together, over all runs; 0 asks for steps instead. studies: folder of
    encoded studies, None for none. candidates: most of the bank that rows are made of, 0 for as many as the time
    allows. steps: 0 for no limit but the minutes. evidence False: an arm that never reads any.
    """

    bundle: Path
    bank: Path
    out: Path
    minutes: float = MINUTES
    studies: Path | None = None
    size: Size = "auto"
    vocabulary: int = VOCABULARY
    layers: int = 0  # 0: that of the size
    section_tokens: int = 0  # 0: the longest section's, up to a limit
    candidates: int = 0
    steps: int = 0
    rows_per_step: int = 32
    learning_rate: float = 0.0  # 0: that of the size
    test_studies: int = TEST_STUDIES
    evidence: bool = True
    device: str = "auto"
    threads: int = 0  # 0: all that there are
    seed: int = 0
