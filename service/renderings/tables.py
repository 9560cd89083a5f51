"""The tables of a page: numbers with their source, and phenotypes with their call and its probability."""

from collections.abc import Mapping, Sequence

from service.documents.examination import MeasurementOut
from service.modalities.words import ModalityWords
from service.renderings.columns import aligned
from service.renderings.page_words import PageWords
from service.schemas import PhenotypeOut

_NAMELESS = 60  # columns: a name that is longer is cut, so that the table stays one


def measurement_lines(rows: Sequence[MeasurementOut], named: ModalityWords, words: PageWords) -> list[str]:
    """The numbers of a study as aligned lines."""
    return aligned(measurement_cells(rows, named, words))


def phenotype_lines(rows: Mapping[str, PhenotypeOut], named: ModalityWords, words: PageWords) -> list[str]:
    """The phenotypes as aligned lines."""
    return aligned(phenotype_cells(rows, named, words))


def measurement_cells(rows: Sequence[MeasurementOut], named: ModalityWords, words: PageWords) -> list[list[str]]:
    """The numbers of a study, a row of cells each, the first one naming the columns; none without a number."""
    if not rows:
        return []
    head = [words.columns[name] for name in ("name", "value", "range", "candidates", "source")]
    return [head, *(_measurement(row, named, words) for row in rows)]


def _measurement(row: MeasurementOut, named: ModalityWords, words: PageWords) -> list[str]:
    low, high = (None if one is None else _decimals(one, row.decimals, words) for one in (row.p10, row.p90))
    return [
        named.measurement(row.name),
        f"{_decimals(row.value, row.decimals, words)} {row.unit}",
        "" if low is None or high is None else words.range.format(low=low, high=high),
        "" if row.source == "measured" else words.count.format(part=row.candidates, whole=row.asked),
        words.sources[row.source].format(clips=", ".join(map(str, row.clips))),
    ]


def _decimals(value: float, decimals: int, words: PageWords) -> str:
    return f"{value:.{decimals}f}".replace(".", words.decimal_mark)


def phenotype_cells(rows: Mapping[str, PhenotypeOut], named: ModalityWords, words: PageWords) -> list[list[str]]:
    """The phenotypes, a row of cells each, the first one naming the columns.

    A binary one has its call, its calibrated probability and the neighbours' vote; a continuous one its number and its
    spread. What is unknown has its reason.
    """
    if not rows:
        return []
    names = ("name", "called", "probability", "estimate", "range", "labelled")
    head = [*(words.columns[name] for name in names), ""]
    return [head, *(_phenotype(name, row, named, words) for name, row in rows.items())]


def _phenotype(name: str, row: PhenotypeOut, named: ModalityWords, words: PageWords) -> list[str]:
    reason = "" if row.reason is None else words.reasons.get(row.reason, row.reason)
    if row.value is None:
        return [named.phenotype(name)[:_NAMELESS], "-", "", "", "", "", reason]
    binary = row.kind == "binary"
    called = words.called["yes_" if row.positive else "no_"]
    spread = row.p10 is not None and row.p90 is not None and not binary
    low, high = ("" if one is None else words.number(one) for one in (row.p10, row.p90))
    return [
        named.phenotype(name)[:_NAMELESS],
        "" if not binary else "-" if row.positive is None else called,
        "" if row.probability is None else words.share(row.probability),
        f"{row.value:.2f}".replace(".", words.decimal_mark)
        if binary
        else f"{words.number(row.value)} {row.unit or ''}".strip(),
        words.range.format(low=low, high=high) if spread else "",
        words.count.format(part=row.labelled, whole=row.k),
        reason,
    ]
