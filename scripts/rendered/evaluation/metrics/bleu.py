"""BLEU-4 of a corpus, for comparability with published report writers only: it hardly sees polarity or numbers."""

import re
from collections.abc import Sequence

from sacrebleu.metrics.bleu import BLEU

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|%")


def words_of(text: str) -> list[str]:
    """Lower-case words, numbers and percent signs: the tokens of both text metrics."""
    return _TOKEN.findall(text.lower())


def bleu_4(references: Sequence[str], texts: Sequence[str]) -> float:
    """0..1: corpus BLEU with one reference each, no smoothing (Papineni et al. 2002), by sacrebleu (Post 2018)."""
    wanted, said = ([" ".join(words_of(text)) for text in side] for side in (references, texts))
    return float(BLEU(tokenize="none", smooth_method="none", force=True).corpus_score(said, [wanted]).score) / 100
