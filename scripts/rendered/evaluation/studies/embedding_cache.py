"""Embedded test studies on disk: pixels are rendered and encoded once, everything else reads this."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.embeddings import StudyEmbedding
from model.study import SkippedClip, SkipReason
from scripts.rendered.evaluation.studies.study_sets import StudySet
from service.answer.encoded_study import EncodedStudy
from service.pipeline import ReportPipeline

BASE = "base"
_OF_WORDS = Path(__file__).parents[4] / "model" / "echo" / "language"  # reads reports, never pixels


@dataclass(frozen=True, eq=False)
class CachedStudy:
    """One study: embeddings by variant (`base` is the product's), and every clip's place, hash and truth.

    truth: upload position → view, sub-view, look and quality of the clip as planned.
    """

    study: int
    embeddings: Mapping[str, StudyEmbedding]
    used: Mapping[int, tuple[str, int]]  # position → sha256, start frame
    skipped: tuple[SkippedClip, ...]
    truth: Mapping[int, Mapping[str, Any]]
    seconds: float


def cache_folder(root: Path, pipeline: ReportPipeline, chosen: StudySet) -> Path:
    """The folder of a set: another encoder, preprocessing, plan or renderer never finds these files."""
    bundle = pipeline.bundle
    networks = {name: bundle.files.get(network.get("file", "")) for name, network in bundle.networks.items()}
    fields = {**asdict(chosen), "studies": None}  # a longer set goes on where a shorter one stopped
    stated = json.dumps([networks, bundle.preprocessing, fields, _code_sha256()], sort_keys=True)
    return root / f"{chosen.name}-{hashlib.sha256(stated.encode()).hexdigest()[:16]}"


@cache
def _code_sha256() -> str:
    """Hash of the sources that make pixels and read them."""
    root = Path(__file__).parents[4]
    sources = [path for folder in ("scripts/rendered/phantom", "model/echo") for path in (root / folder).rglob("*.py")]
    sources = [path for path in sources if _OF_WORDS not in path.parents]
    sources += [Path(__file__).with_name(name) for name in ("rendering.py", "study_sets.py", "variants.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


def write_study(path: Path, cached: CachedStudy) -> None:
    """Writes a study whole or not at all."""
    base = cached.embeddings[BASE]
    about = {
        "study": cached.study,
        "positions": base.positions,
        "views": base.views,
        "used": {position: list(row) for position, row in cached.used.items()},
        "skipped": [[clip.position, clip.sha256, clip.reason.value, clip.text] for clip in cached.skipped],
        "truth": {position: dict(row) for position, row in cached.truth.items()},
        "seconds": cached.seconds,
    }
    arrays: dict[str, Any] = {f"clips_{name}": e.clip_embeddings.cpu().numpy() for name, e in cached.embeddings.items()}
    arrays |= {f"views_{name}": e.view_probabilities.cpu().numpy() for name, e in cached.embeddings.items()}
    taken = {name: e.clip_spectra for name, e in cached.embeddings.items() if e.clip_spectra is not None}
    arrays |= {f"spectra_{name}": spectra.cpu().numpy() for name, spectra in taken.items()}
    partial = path.with_suffix(".part.npz")
    np.savez(partial, about=np.array(json.dumps(about)), **arrays)
    partial.replace(path)


def read_study(path: Path) -> CachedStudy:
    """The study written to a file."""
    with np.load(path) as arrays:
        about = json.loads(str(arrays["about"]))
        names = [name.removeprefix("clips_") for name in arrays.files if name.startswith("clips_")]
        embeddings = {
            name: StudyEmbedding(
                torch.from_numpy(arrays[f"clips_{name}"]),
                torch.from_numpy(arrays[f"views_{name}"]),
                tuple(about["positions"]),
                tuple(about["views"]),
                torch.from_numpy(arrays[f"spectra_{name}"]) if f"spectra_{name}" in arrays else None,
            )
            for name in names
        }
    return CachedStudy(
        study=about["study"],
        embeddings=embeddings,
        used={int(position): (row[0], row[1]) for position, row in about["used"].items()},
        skipped=tuple(SkippedClip(p, sha, SkipReason(reason), text) for p, sha, reason, text in about["skipped"]),
        truth={int(position): row for position, row in about["truth"].items()},
        seconds=about["seconds"],
    )


def cached_of(study: int, embedded: EncodedStudy, truth: Mapping[int, Mapping[str, Any]]) -> CachedStudy:
    """The record of a study that was just embedded."""
    return CachedStudy(
        study=study,
        embeddings={BASE: embedded.embedding},
        used={clip.position: (clip.sha256, clip.start_frame or 0) for clip in embedded.used},
        skipped=embedded.skipped,
        truth=truth,
        seconds=0.0,
    )


def read_set(folder: Path, studies: int) -> Iterator[CachedStudy]:
    """The studies of a set, in order."""
    return (read_study(folder / f"{study}.npz") for study in range(studies))
