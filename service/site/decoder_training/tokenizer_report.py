"""How well a report tokenizer packs reports, beside bytes and beside a tokenizer of general text of the same size.

General tokenizers that are trained on the web have to be downloaded; the one here learns from text that every Python
brings: the reference in `pydoc_data.topics` and the docstrings of the standard library. It is smaller than GPT's and
packs English worse, so that it shows what knowing reports gains, and not how good other tokenizers are.
"""

import ast
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.candidate_bank import CandidateBank
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer, train_tokenizer

GENERAL_TEXT = "the reference and the docstrings of Python's standard library"
_REPORTS = 1000  # of the bank, drawn; the mean is then known to a fifth of a token
_DOCSTRINGS = 2 << 20  # bytes of docstrings: enough to fill a vocabulary of thousands


@dataclass(frozen=True)
class Packing:
    """What a tokenizer makes of some reports. compression: bytes of their text, numbers filled in, per token."""

    vocabulary: int
    compression: float
    tokens_mean: float
    tokens_deviation: float
    tokens_least: int
    tokens_most: int

    @classmethod
    def of(cls, vocabulary: int, counts: Sequence[int], sizes: Sequence[int]) -> "Packing":
        """counts: tokens of each report. sizes: its bytes."""
        found = np.array(counts, np.float64)
        return cls(
            vocabulary,
            round(float(sum(sizes) / found.sum()), 3),
            round(float(found.mean()), 2),
            round(float(found.std()), 2),
            int(found.min()),
            int(found.max()),
        )


def tokenizer_report(tokenizer: ReportTokenizer, bank: CandidateBank, reports: int = _REPORTS) -> dict[str, Packing]:
    """Packing of a bank's reports by the tokenizer, by bytes, and by general text. Raises ValueError without reports.

    The tokenizer reads wordings, in which a number is one token; the others read the same sentences with the numbers
    filled in.
    """
    count = min(reports, bank.manifest.candidates)
    rows = np.sort(np.random.default_rng(0).choice(bank.manifest.candidates, count, replace=False))
    own, texts = [], []
    for report in bank.sections_of(rows):
        said = [(bank.phrases[s.phrase_id], s.value) for section in report.values() for s in section]
        if said:
            own.append([row.template if row.slot and value is not None else row.numberless for row, value in said])
            texts.append(" ".join(row.text(value) for row, value in said))
    if not texts:
        raise ValueError(f"{bank.folder}: none of {count} candidates has a report")
    sizes = [len(text.encode()) for text in texts]
    general = train_tokenizer(general_texts(), tokenizer.size, ())
    return {
        "own": Packing.of(tokenizer.size, [sum(_lengths(tokenizer, said)) + 1 for said in own], sizes),
        "bytes": Packing.of(256, [size + 1 for size in sizes], sizes),
        "general": Packing.of(general.size, [size + 1 for size in _lengths(general, texts)], sizes),
    }


def general_texts() -> list[str]:
    """Texts that every Python brings."""
    from pydoc_data.topics import topics  # noqa: PLC0415 - 0.7 MB that nothing else needs

    return [*topics.values(), *_docstrings(Path(sysconfig.get_paths()["stdlib"]), _DOCSTRINGS)]


def report_of(folder: Path, bank: Path, reports: int = _REPORTS) -> dict[str, Packing]:
    """The report of the tokenizer in a folder, a bundle or a training. Raises OSError or ValueError."""
    tokenizer = ReportTokenizer.read(folder / TOKENIZER_FILE)
    return tokenizer_report(tokenizer, CandidateBank.open(bank, None), reports)


def table_lines(found: dict[str, Packing]) -> Iterator[str]:
    """The report as Markdown."""
    yield "| tokenizer | vocabulary | bytes per token | tokens per report: mean (deviation), least to most |"
    yield "|---|---|---|---|"
    names = {"own": "of these reports", "bytes": "bytes", "general": GENERAL_TEXT}
    for name, one in found.items():
        tokens = f"{one.tokens_mean:.0f} ({one.tokens_deviation:.0f}), {one.tokens_least} to {one.tokens_most}"
        yield f"| {names[name]} | {one.vocabulary} | {one.compression:.2f} | {tokens} |"


def as_fields(found: dict[str, Packing]) -> dict[str, Any]:
    """As JSON."""
    return {name: vars(one) for name, one in found.items()}


def _lengths(tokenizer: ReportTokenizer, texts: Sequence[str]) -> list[int]:
    return [len(ids) for ids in tokenizer.encode_batch(texts)]


def _docstrings(folder: Path, limit: int) -> Iterator[str]:
    """Docstrings of a folder's modules, in the order of their names, up to a number of bytes."""
    size = 0
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                size += len(text.encode())
                yield text
        if size > limit:
            return
