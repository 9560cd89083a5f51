"""BLEU-4 of a corpus, for comparability with published report writers only: it hardly sees polarity or numbers."""

import math
import re
from collections import Counter
from collections.abc import Sequence

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|%")


def words_of(text: str) -> list[str]:
    """Lower-case words, numbers and percent signs: the tokens of both text metrics."""
    return _TOKEN.findall(text.lower())


def bleu_4(references: Sequence[str], texts: Sequence[str]) -> float:
    """Corpus BLEU with one reference each, 1- to 4-grams, no smoothing, brevity penalty (Papineni et al. 2002)."""
    matched, possible = [0] * 4, [0] * 4
    length = reference_length = 0
    for reference, text in zip(references, texts, strict=True):
        wanted, said = words_of(reference), words_of(text)
        length, reference_length = length + len(said), reference_length + len(wanted)
        for order in range(4):
            own, other = _grams(said, order + 1), _grams(wanted, order + 1)
            matched[order] += (own & other).total()
            possible[order] += own.total()
    if min(matched) == 0:
        return 0.0
    brevity = min(0.0, 1 - reference_length / length)
    return math.exp(brevity + sum(math.log(m / p) for m, p in zip(matched, possible, strict=True)) / 4)


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
