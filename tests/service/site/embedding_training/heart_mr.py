"""An invented modality, cardiac MR: embeddings from which its reports follow, and reports with their faults."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECTIONS = ("Left Ventricle", "Late Enhancement", "Pericardium")
DIM = 12
TAXONOMY = """\
modality: cardiac_mr
sections: [Left Ventricle, Late Enhancement, Pericardium]
phenotypes:
  - {name: lvef, section: Left Ventricle, kind: continuous, unit: "%", low: 5, high: 90, words: [ejection fraction]}
  - {name: scar, section: Late Enhancement, kind: binary}
embedding_dim: 12
"""


@dataclass(frozen=True)
class Files:
    """The four files of a training."""

    taxonomy: Path
    manifest: Path
    embeddings: Path
    reports: Path

    @property
    def words(self) -> list[str]:
        """As the command line names them."""
        return [word for name, path in vars(self).items() for word in (f"--{name}", str(path))]


def report_of(truth: NDArray[np.float32]) -> list[str]:
    """What is said of a heart; three numbers decide it."""
    fraction = int(55 + 12 * truth[0])
    left = f"The left ventricular ejection fraction is {fraction} %. "
    left += "The left ventricle is dilated." if truth[0] < 0 else "The left ventricle is of normal size."
    scar = "Transmural enhancement of the inferior wall." if truth[1] > 0 else "There is no late enhancement."
    return [left, scar, "A pericardial effusion is seen." if truth[2] > 0.8 else "No pericardial effusion."]


def write_files(folder: Path, studies: int = 160, *, per_section: bool = False, seed: int = 0) -> Files:
    """Well-formed files; every fourth study has a patient in common with the one before it."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((studies, 3)).astype(np.float32)
    shape = (studies, len(SECTIONS), DIM) if per_section else (studies, DIM)
    vectors = 0.1 * rng.standard_normal(shape).astype(np.float32)
    vectors[..., :3] += truth[:, None] if per_section else truth
    np.save(folder / "vectors.npy", vectors)
    (folder / "taxonomy.yaml").write_text(TAXONOMY)
    splits = ["train", "train", "train", "validation", "test", "train", "train", "train"]
    rows = [(f"S{n}", f"P{n - 1 if n % 8 == 1 else n}", splits[n % 8]) for n in range(studies)]
    _write(folder / "studies.csv", ("study", "patient", "split"), rows)
    said = [(f"S{n}", *report_of(truth[n]), int(truth[n][1] > 0)) for n in range(studies)]
    _write(folder / "reports.csv", ("study", *SECTIONS, "scar"), said)
    return Files(*(folder / name for name in ("taxonomy.yaml", "studies.csv", "vectors.npy", "reports.csv")))


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]] | list[tuple[str, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def spoil(files: Files) -> dict[str, int]:
    """Puts one of every fault into the files; returns how often each reason should be named."""
    lines = files.manifest.read_text().splitlines()
    lines[11] = "S10,P2,validation"  # line 12: P2 is in train as well
    lines[13] = "S12,,train"
    lines[14] = "S13,P13,holdout"
    lines[15] = "S15,P14,train"  # names S15 a second time
    files.manifest.write_text("\n".join(lines) + "\n")
    vectors = np.load(files.embeddings)
    vectors[20, 0], vectors[21] = np.nan, 0
    np.save(files.embeddings, vectors)
    rows = files.reports.read_text().splitlines()
    rows[31] = "S30,,,,1"
    rows[33] = "S32,Other.,Other.,Other.,7"
    rows += ["S34,Another report.,Other.,Other.,1", "nobody,The left ventricle is dilated.,,,0", rows[37]]
    rows[41] = "S40,too,few"
    files.reports.write_bytes("\n".join(rows).encode() + b"\nS41,Gr\xf6\xdfe.,x,x,1\n")
    return {
        "manifest: patient_in_two_splits": 2,
        "manifest: no_patient_id": 1,
        "manifest: unknown_split": 1,
        "manifest: duplicate_study": 2,
        "manifest: embedding_without_report": 3,
        "embeddings: embedding_not_finite": 1,
        "embeddings: embedding_is_zero": 1,
        "reports: no_section": 1,
        "reports: label_not_possible scar": 1,
        "reports: duplicate_study_with_other_content": 2,
        "reports: duplicate_study": 1,
        "reports: report_without_embedding": 2,
        "reports: report_of_a_study_kept_out": 5,
        "reports: wrong_number_of_columns": 1,
        "reports: broken_encoding": 1,
    }


def as_json(manifest: Path) -> Path:
    """The same manifest as a JSON list."""
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    path = manifest.with_suffix(".json")
    path.write_text(json.dumps(rows))
    return path
