"""A tiny release as somebody else's script might write it: every file but the full-size weights."""

import collections
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.echo.taxonomy import SECTIONS, VIEWS

STUDIES = 7
DIMENSION = 8
PHRASES = {
    **{section: {"Size": ["Normal size."], "": []} for section in SECTIONS},
    "Left Ventricle": {
        "Function": ["The ejection fraction is <numerical> %.", "Contraction is weak."],
        "Motion": ["Akinesis of the <string>.", "An EF between <numerical> and <numerical> %."],
    },
    "Pulmonic Valve": {"Leak": ["Mild to moderate pulmonic leak.", "Moderate pulmonic leak", "No leak."]},
    "Postoperative Findings": {"Graft": ["A graft is seen."]},
}
LEFT, PULMONIC, GRAFT = 0, SECTIONS.index("Pulmonic Valve"), 15
REPORTS: list[Any] = [
    [(LEFT, 0, 55.0), (LEFT, 1, None), (PULMONIC, 0, None)],
    [(np.int64(LEFT), np.int64(0), np.float64("nan")), (PULMONIC, 1, 3.0)],
    [],
    [(LEFT, 2, "mid wall"), (LEFT, 0, "35"), (GRAFT, 0, None)],
    [[LEFT, 3, 40], [PULMONIC, 2, float("nan")]],
    [(LEFT, 2, "nan"), (LEFT, 2, " "), (LEFT, 0, float("inf"))],
    None,
]
SOURCES = {
    "ejection_fraction": {
        "section": "FNDG_Left_Ventricle",
        "mode": "regression",
        "label_sources": ["EJECTION FRACTION IS <#> %", "AN EF BETWEEN <#>"],
        "range": [0, 100],
    },
    "pulmonic_valve_regurgitation": {
        "section": ["FNDG_Pulmonic_Valve"],
        "mode": "binary",
        "label_sources": [". MODERATE PULMONIC LEAK"],
    },
}
LABELS: dict[str, dict[Any, Any]] = {
    "impella": {101: 1, 102: 0, 999: 1},
    "tavr": collections.OrderedDict({"103": True, "104": False}),
    "mitraclip": {np.int64(105): np.float64(1), 106.0: None},
    "not_a_phenotype": {101: 1},
}


def write_release(root: Path, *, protocol: int = 4, dtype: torch.dtype = torch.float32) -> Path:
    """Writes candidates and assets; the weights are empty files."""
    candidates, assets, weights = root / "model_data/candidates_data", root / "assets", root / "model_data/weights"
    for folder in (candidates, assets, weights):
        folder.mkdir(parents=True)
    for name in ("echo_prime_encoder.pt", "view_classifier.pt"):
        (weights / name).touch()
    vectors = torch.nn.functional.normalize(torch.randn(STUDIES, DIMENSION), dim=1).to(dtype)
    torch.save(vectors[:2].clone(), candidates / "candidate_embeddings_p1.pt")
    torch.save(vectors[2:].clone(), candidates / "candidate_embeddings_p2.pt")
    (candidates / "candidate_studies.csv").write_text(
        "index,Study\n" + "".join(f"{row},{101 + row}\n" for row in range(STUDIES))
    )
    (candidates / "candidate_reports.pkl").write_bytes(pickle.dumps(REPORTS, protocol))
    (candidates / "candidate_labels.pkl").write_bytes(pickle.dumps(LABELS, protocol))
    (assets / "all_phr.json").write_text(json.dumps(PHRASES))
    (assets / "per_section.json").write_text(json.dumps(SOURCES))
    columns = tuple(reversed(VIEWS))  # matched by name, so their order says nothing
    rows = [",".join(["Section", *columns])]
    rows += [",".join([section, *(str(len(view) / 100) for view in columns)]) for section in reversed(SECTIONS)]
    (assets / "MIL_weights.csv").write_text("\n".join(rows) + "\n")
    (root / "roc_thresholds.csv").write_text(
        ",feature,threshold\n0,impella,0.16\n1,tavr,1.06\n2,lv_mass,0.5\n3,ejection_fraction,0.5\n"
    )
    return root
