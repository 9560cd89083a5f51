"""A bank in the layout that echovlm's scripts read: `assets/` with a manifest, reports as text, vectors.

assets/manifest.csv     study, split: a study is its place in the two files below
assets/reports.pkl      list of texts, "Section: sentence sentence" a line
assets/embeddings.pt    float32 (N, D), unit norm
assets/per_section.json how labels are read off text, as the release has it
"""

import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.retrieval import RetrievedSentence

VALIDATION = 64  # studies that its training measures bits per byte on; it would take ten thousand
_BLOCK = 20_000
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FurtherStudies:
    """Studies beside the bank that may be learned from. vectors: float32 (N, D). reports: section → sentences."""

    vectors: NDArray[np.float32]
    reports: Sequence[Mapping[str, Sequence[str]]]


def write_layout(
    bank: CandidateBank, held_out: Ids, label_sources: Path, folder: Path, further: FurtherStudies | None = None
) -> int:
    """Writes `assets/` of candidates that are not held out, and of further studies. Returns how many are learned."""
    assets = folder / "assets"
    assets.mkdir(parents=True)
    learned = np.setdiff1d(np.arange(bank.manifest.candidates), held_out)
    validation = min(VALIDATION, len(learned) // 10)
    count = len(learned) + (0 if further is None else len(further.reports))
    with (assets / "manifest.csv").open("w", encoding="ascii") as file:
        file.write("study,split\n")
        for place in range(count):
            file.write(f"{place},{'val' if place < validation else 'train'}\n")
        # Its scripts ask for a test split; held-out studies are written by another script of ours.
        file.write("0,test\n")
    vectors = [torch.from_numpy(bank.embeddings[learned].astype(np.float32))]
    vectors += [] if further is None else [torch.from_numpy(further.vectors)]
    torch.save(torch.nn.functional.normalize(torch.cat(vectors), dim=1), assets / "embeddings.pt")
    del vectors
    texts = [as_text(report) for block in _blocks(learned) for report in sections_of(bank, block)]
    texts += [] if further is None else [as_text(report) for report in further.reports]
    with (assets / "reports.pkl").open("wb") as file:
        pickle.dump(texts, file)
    shutil.copyfile(label_sources, assets / "per_section.json")
    return count - validation


def as_text(report: Mapping[str, Sequence[str]]) -> str:
    """A report as its scripts learn it."""
    return "\n".join(f"{section}: {' '.join(sentences)}" for section, sentences in report.items())


def sections_of(bank: CandidateBank, candidates: Ids) -> Iterator[dict[str, list[str]]]:
    """The report of each candidate: section → sentences."""
    for report in bank.sections_of(candidates):
        yield {section: list(_said(bank, said)) for section, said in report.items()}


def sections_in(text: str, names: tuple[str, ...]) -> dict[str, list[str]]:
    """A text of that form as section → its sentences as one string; lines without a known heading are left out."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        heading, colon, said = line.partition(":")
        if colon and heading.strip() in names and said.strip():
            found.setdefault(heading.strip(), []).append(said.strip())
    return found


def _said(bank: CandidateBank, sentences: tuple[RetrievedSentence, ...]) -> Iterator[str]:
    for sentence in sentences:
        yield bank.phrases.text(sentence.phrase_id, sentence.value)


def _blocks(rows: Ids) -> Iterator[Ids]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]
