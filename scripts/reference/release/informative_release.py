"""An informative release: everything that `scripts.reference.make_echoprime_release --informative` writes."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.held_out_studies import FIRST_OF_PART, PARTS, write_held_out
from scripts.reference.release.informative_candidates import write_candidates
from scripts.reference.release.informative_vectors import InformativeVectors, Sizes
from scripts.reference.release.invented_studies import InventedStudies, phrases_of_file, study_blocks
from scripts.reference.release.said_labels import said_label_sources
from scripts.reference.release.study_features import view_weights
from scripts.reference.release.synthetic_candidates import write_section_to_phenotypes
from scripts.reference.release.truthful_reports import TruthfulReports
from service.site.echoprime.layout import ASSETS, CANDIDATES

STUDIES = "studies"
# Studies with clips: enough to fine-tune a decoder on, and to tell AUROCs 0.02 apart on the test part.
STUDIES_OF_PART: Mapping[str, int] = {"train": 2000, "tuning": 300, "test": 600}


@dataclass(frozen=True, kw_only=True)
class InformativeRelease:
    """What is made. phrases: the user's phrase file, None for our own."""

    candidates: int
    seed: int = 0
    sizes: Sizes = field(default_factory=Sizes)
    phrases: Path | None = None
    studies: Mapping[str, int] = field(default_factory=lambda: STUDIES_OF_PART)
    workers: int = 1

    def about(self) -> dict[str, object]:
        """What the mark of a synthetic release says of it."""
        own = "the user's" if self.phrases else "invented"
        return {"informative": True, "phrases": own, "sizes": asdict(self.sizes), "studies": dict(self.studies)}

    def write(self, out: Path, say: Callable[[str], None]) -> None:
        """Writes assets, candidates and encoded studies. Raises ValueError for a phrase file that cannot be read."""
        phrases = phrases_of_file(self.phrases)
        vectors = InformativeVectors(self.seed, self.sizes)
        say("assets")
        assets = out / ASSETS
        assets.mkdir()
        (assets / "all_phr.json").write_text(json.dumps(phrases.groups, indent=1, ensure_ascii=False), encoding="utf-8")
        (assets / "per_section.json").write_text(json.dumps(said_label_sources(phrases), indent=1), encoding="utf-8")
        write_section_to_phenotypes(assets / "section_to_phenotypes.pkl")
        _write_view_weights(assets / "MIL_weights.csv")
        say("candidates")
        blocks = study_blocks(self.phrases, self.seed, 0, self.candidates, self.workers)
        write_candidates(out / CANDIDATES, blocks, vectors, self.candidates, say)
        for part in PARTS:
            say(f"studies: {part}")
            studies = InventedStudies(TruthfulReports(phrases), self.seed, FIRST_OF_PART[part])
            write_held_out(out / STUDIES, part, self.studies[part], studies, vectors)


def _write_view_weights(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Section", *ECHO_TAXONOMY.views])
        for section, weights in view_weights(ECHO_TAXONOMY.views).items():
            writer.writerow([section, *(f"{weights[view]:.6g}" for view in ECHO_TAXONOMY.views)])
