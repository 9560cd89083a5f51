"""What can be asked of the training of a tokenizer."""

from dataclasses import dataclass
from pathlib import Path

VOCABULARY = 2048  # more than the English phrases fill (LOG 2026-11-22: 1,273), so that imported wording fits too


@dataclass(frozen=True, kw_only=True)
class TokenizerOptions:
    """out: folder of tokenizer.json. phrases: phrase file of the language, None for the shipped bundle's.

    bank: its wordings are learned as well. vocabulary: largest number of tokens.
    """

    out: Path
    phrases: Path | None = None
    bank: Path | None = None
    vocabulary: int = VOCABULARY
