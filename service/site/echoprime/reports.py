"""`candidate_reports.pkl` → report columns: (section_id, phrase_id, value) tuples of each study, streamed."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.report_columns import ReportColumns
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.phrases import ReleasePhrases
from service.site.echoprime.pickles.restricted_unpickler import stream_list


def report_blocks(path: Path, phrases: ReleasePhrases) -> Iterator[ReportColumns]:
    """The reports of consecutive candidates, block by block, with phrase ids of the whole table.

    Values of phrases without a placeholder are dropped. Raises ReleaseMismatch naming the study by its number.
    """
    candidate = 0
    for batch in stream_list(path):
        studies = [() if study is None else study for study in batch]
        try:
            yield _columns(studies, phrases)
        except (TypeError, ValueError) as error:
            last = candidate + len(studies) - 1
            raise ReleaseMismatch(f"{path}: among studies {candidate}..{last}: {error}") from error
        candidate += len(studies)


def _columns(studies: Sequence[Any], phrases: ReleasePhrases) -> ReportColumns:
    """Columns of some studies. Raises ValueError for a tuple that is not of three or names no phrase."""
    counts = np.array([len(study) for study in studies], dtype=np.int64)
    flat = list(chain.from_iterable(studies))
    if not flat:
        return ReportColumns(counts, np.zeros(0, np.int32), np.zeros(0, np.float32))
    sections, within, values = zip(*flat, strict=True)
    phrase_ids = _global_ids(_integers(sections), _integers(within), phrases)
    numbers, texts = _values(values)
    slotted = phrases.slotted[phrase_ids]
    kept = {position: text for position, text in texts.items() if slotted[position]}
    return ReportColumns(
        counts, phrase_ids.astype(np.int32), np.where(slotted, numbers, np.nan).astype(np.float32), kept
    )


def _integers(ids: Sequence[Any]) -> NDArray[np.int64]:
    array = np.array(ids)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and not (array.astype(np.float64) % 1 == 0).all()):
        raise ValueError(f"section_id and phrase_id must be integers, not {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _global_ids(sections: NDArray[np.int64], within: NDArray[np.int64], phrases: ReleasePhrases) -> NDArray[np.int64]:
    """Row of the phrase table for a section_id and a phrase_id within it."""
    if sections.min() < 0 or sections.max() >= len(phrases.sections):
        raise ValueError(
            f"section_id must lie in 0..{len(phrases.sections) - 1}, found {sections.min()}, {sections.max()}"
        )
    outside = (within < 0) | (within >= phrases.counts[sections])
    if outside.any():
        at = int(np.argmax(outside))
        section = phrases.sections[sections[at]]
        raise ValueError(f"phrase_id {within[at]} of {section!r}, which has {phrases.counts[sections[at]]} phrases")
    return phrases.first[sections] + within


def _values(values: Sequence[Any]) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Numbers, NaN where there is none, and the values that are text by position."""
    texts: dict[int, str] = {}
    try:
        numbers = np.array(values, dtype=np.float64)  # None becomes NaN, "55" becomes 55
    except ValueError:
        numbers = np.full(len(values), np.nan)
        for position, value in enumerate(values):
            number = _number(value)
            if number is not None:
                numbers[position] = number
            elif str(value).strip():
                texts[position] = str(value).strip()
    numbers[np.isinf(numbers)] = np.nan
    return numbers, texts


def _number(value: Any) -> float | None:
    """The number that a value is, NaN for None, None for text. Raises TypeError for anything else."""
    if value is None:
        return math.nan
    if not isinstance(value, str | int | float | np.generic):
        raise TypeError(f"value {value!r} is neither a number nor text")
    try:
        return float(value)
    except ValueError:
        return None
