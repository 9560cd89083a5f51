"""Where the files of an EchoPrime release lie, and what is missing."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from service.site.echoprime.errors import ReleaseIncomplete

WEIGHTS = "model_data/weights"
CANDIDATES = "model_data/candidates_data"
ASSETS = "assets"
SYNTHETIC_MARK = "SYNTHETIC.json"  # written by make_echoprime_release: nothing here was trained
_EMBEDDINGS = re.compile(r"candidate_embeddings(?:_p(\d+))?\.pt")


@dataclass(frozen=True, kw_only=True)
class EchoPrimeRelease:
    """Paths of a release; optional files are None where they are absent.

    embeddings: the parts in order; candidates are numbered through them.
    """

    video_encoder: Path
    view_classifier: Path
    text_encoder: Path | None
    studies: Path
    embeddings: tuple[Path, ...]
    reports: Path
    labels: Path | None
    phrases: Path
    mil_weights: Path
    thresholds: Path | None
    label_sources: Path | None
    section_to_phenotypes: Path | None
    synthetic: bool

    @property
    def absent(self) -> dict[str, str]:
        """Optional files that are not there, and what is done without each."""
        consequences = {
            "labels": "candidate_labels.pkl: labels are read off the reports where per_section.json says how",
            "label_sources": "per_section.json: phenotypes without given labels stay unlabelled",
            "thresholds": "roc_thresholds.csv: phenotypes are reported without a decision",
            "text_encoder": "echo_prime_text_encoder.pt: not needed to read studies",
            "section_to_phenotypes": "section_to_phenotypes.pkl: not needed, phenotypes are matched by name",
        }
        return {name: text for name, text in consequences.items() if getattr(self, name) is None}

    def fingerprint(self, dimension: int) -> str:
        """Hex hash of the name, size and time of change of every file that candidates are read from."""
        listed = [self.studies, *self.embeddings, self.reports, self.labels, self.phrases, self.label_sources]
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in listed if path is not None]
        return hashlib.sha256(repr((dimension, stats)).encode()).hexdigest()


def find_release(folder: Path) -> EchoPrimeRelease:
    """The files of the release in a folder. Raises ReleaseIncomplete naming every file that is needed and absent."""
    wanted = {
        "video_encoder": f"{WEIGHTS}/echo_prime_encoder.pt",
        "view_classifier": f"{WEIGHTS}/view_classifier.pt",
        "studies": f"{CANDIDATES}/candidate_studies.csv",
        "reports": f"{CANDIDATES}/candidate_reports.pkl",
        "phrases": f"{ASSETS}/all_phr.json",
        "mil_weights": f"{ASSETS}/MIL_weights.csv",
    }
    found = {name: _find(folder, path) for name, path in wanted.items()}
    missing = [wanted[name] for name, path in found.items() if path is None]
    embeddings = _embedding_parts(folder / CANDIDATES)
    if not embeddings:
        missing.append(f"{CANDIDATES}/candidate_embeddings_p1.pt")
    if missing:
        raise ReleaseIncomplete(f"{folder}: a release needs {', '.join(missing)}")
    needed = {name: path for name, path in found.items() if path is not None}
    return EchoPrimeRelease(
        **needed,
        embeddings=embeddings,
        text_encoder=_find(folder, f"{WEIGHTS}/echo_prime_text_encoder.pt"),
        labels=_find(folder, f"{CANDIDATES}/candidate_labels.pkl"),
        thresholds=_find(folder, f"{ASSETS}/roc_thresholds.csv"),
        label_sources=_find(folder, f"{ASSETS}/per_section.json"),
        section_to_phenotypes=_find(folder, f"{ASSETS}/section_to_phenotypes.pkl"),
        synthetic=(folder / SYNTHETIC_MARK).is_file(),
    )


def _find(folder: Path, path: str) -> Path | None:
    """The file at its place, or at the root, where the public repository keeps some of them."""
    return next((place for place in (folder / path, folder / Path(path).name) if place.is_file()), None)


def _embedding_parts(folder: Path) -> tuple[Path, ...]:
    """`candidate_embeddings.pt`, or `_p1`, `_p2` … by their numbers. Raises ReleaseIncomplete for a gap."""
    parts = {
        int(match[1] or 0): path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := _EMBEDDINGS.fullmatch(path.name))
    }
    if parts and 0 not in parts and sorted(parts) != list(range(1, len(parts) + 1)):
        raise ReleaseIncomplete(f"{folder}: candidate_embeddings parts {sorted(parts)} leave a gap")
    return (parts[0],) if 0 in parts else tuple(parts[number] for number in sorted(parts))
