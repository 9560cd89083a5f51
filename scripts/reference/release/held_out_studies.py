"""Encoded studies of patients that the bank has not: clips with views, from across the gap, and the truth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.informative_vectors import InformativeVectors
from scripts.reference.release.invented_studies import BLOCK, InventedStudies, StudyBlock
from scripts.rendered.phantom.scan.study import USUAL_CLIPS
from service.site.encoded_folder import EncodedFolder

PARTS = ("train", "tuning", "test")
# Patients of queries are numbered from here on, each part a range of its own: far above any bank.
FIRST_OF_PART = {part: (number + 1) * 10**9 for number, part in enumerate(PARTS)}
_CLIPS = 26  # stream of a patient
_MISTAKEN = 0.04  # of the clips are given a wrong view; our choice
_SURE = 0.9  # probability of the view that is called
ENCODER = "invented: no network computed these vectors (make_echoprime_release --informative)"


def write_held_out(folder: Path, part: str, count: int, studies: InventedStudies, vectors: InformativeVectors) -> None:
    """Writes one part of the encoded studies with its reports and labels."""
    blocks = [studies.block(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    numbers = [studies.first + number for number in range(count)]
    drawn = [_clips(vectors, features, number) for number, features in zip(numbers, _features(blocks), strict=True)]
    reports = [report for block in blocks for report in block.reports]
    first = _first_rows(studies)
    labels = np.concatenate([block.labels for block in blocks])
    names = tuple(f"{part.upper()}{number:06d}" for number in range(count))
    encoded = EncodedFolder(
        studies=names,
        patients=tuple(f"P{name}" for name in names),
        views=ECHO_TAXONOMY.views,
        encoder=ENCODER,
        offsets=_offsets([len(clips) for clips, _ in drawn]),
        clip_embeddings=np.concatenate([clips for clips, _ in drawn]),
        view_probabilities=np.concatenate([views for _, views in drawn]),
        report_offsets=_offsets([len(report) for report in reports]),
        report_phrases=np.array([first[s] + p for report in reports for (s, p), _ in report], np.int32),
        report_values=np.array([v if isinstance(v, float) else np.nan for r in reports for _, v in r], np.float32),
        labels={name: labels[:, column] for column, name in enumerate(ECHO_TAXONOMY.phenotype_names)},
    )
    encoded.write(folder / part, _texts(studies, count))


def _features(blocks: list[StudyBlock]) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        yield from block.features


def _clips(
    vectors: InformativeVectors, features: NDArray[np.float32], number: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors (c, 512) and view probabilities (c, 11) of a study's clips; some views are missing, as in studies."""
    rng = np.random.default_rng([vectors.seed, number, _CLIPS])
    shown: list[int] = []
    for view, name in enumerate(ECHO_TAXONOMY.views):
        usual, missing = USUAL_CLIPS[name]
        if rng.random() >= missing:
            shown += [view] * (1 + int(rng.poisson(usual - 1)))
    views = np.array(shown or [ECHO_TAXONOMY.views.index("A4C")])
    clips = vectors.clip_side(np.repeat(features[None], len(views), axis=0), views, rng)
    called = np.where(rng.random(len(views)) < _MISTAKEN, rng.integers(0, len(ECHO_TAXONOMY.views), len(views)), views)
    others = (1 - _SURE) / (len(ECHO_TAXONOMY.views) - 1)
    probabilities = np.full((len(views), len(ECHO_TAXONOMY.views)), others, np.float32)
    probabilities[np.arange(len(views)), called] = _SURE
    return clips, probabilities


def _first_rows(studies: InventedStudies) -> list[int]:
    """Row of the phrase table of each section's first phrase."""
    counts = [sum(map(len, groups.values())) for groups in studies.reports.phrases.groups.values()]
    return [int(row) for row in np.cumsum(counts) - np.array(counts)]


def _texts(studies: InventedStudies, count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        text: dict[str, str] = {}
        for phrase, value in studies.sentences(number):
            said = phrase.text(value)
            text[phrase.section] = f"{text[phrase.section]} {said}" if phrase.section in text else said
        yield text


def _offsets(counts: list[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
