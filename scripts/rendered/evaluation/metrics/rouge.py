"""ROUGE-L: the longest common subsequence of words, for comparability only."""

from collections.abc import Sequence

import numpy as np

from scripts.rendered.evaluation.metrics.bleu import words_of


def rouge_l(references: Sequence[str], texts: Sequence[str]) -> float:
    """Mean F1 of ROUGE-L over texts (Lin 2004, β = 1)."""
    found = [_f1(words_of(r), words_of(t)) for r, t in zip(references, texts, strict=True)]
    return float(np.mean(found)) if found else float("nan")


def _f1(wanted: Sequence[str], said: Sequence[str]) -> float:
    common = _longest_common(wanted, said)
    return 2 * common / (len(wanted) + len(said)) if common else 0.0


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, row by row."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys((*one, *other)))}
    columns = np.array([numbers[word] for word in other])
    row = np.zeros(len(other) + 1, np.int64)
    for word in one:
        diagonal = np.where(columns == numbers[word], row[:-1] + 1, row[1:])
        row = np.concatenate([[0], np.maximum.accumulate(diagonal)])
    return int(row[-1])
