"""Whether sections are left out when nothing shows them, and written when a good picture does."""

from collections.abc import Mapping

import numpy as np

from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.phantom.anatomy.views import SUBVIEWS

GOOD = 0.6  # quality from which a window counts as good (1 is a textbook picture)
# Structures of the rendered heart that a section is about, by the names of `Subview.shows`. Pressures are seen in the
# jet at the tricuspid valve, filling in pictures of the pulmonary veins.
STRUCTURES: Mapping[str, frozenset[str]] = {
    "Left Ventricle": frozenset({"lv"}),
    "Resting Segmental Wall Motion Analysis": frozenset({"lv"}),
    "Right Ventricle": frozenset({"rv"}),
    "Left Atrium": frozenset({"la"}),
    "Right Atrium": frozenset({"ra"}),
    "Atrial Septum": frozenset({"ra"}),
    "Mitral Valve": frozenset({"mv"}),
    "Aortic Valve": frozenset({"av"}),
    "Tricuspid Valve": frozenset({"tv"}),
    "Pulmonic Valve": frozenset({"pv"}),
    "Pericardium": frozenset({"pericardium"}),
    "Aorta": frozenset({"aorta"}),
    "IVC": frozenset({"ivc"}),
    "Pulmonary Artery": frozenset({"pa", "tv", "rv"}),
    "Pulmonary Veins": frozenset({"veins", "la"}),
}
_NAMES = ("abstention: sections not assessed without an informative view", "sections assessed with a good view")


def informative_views(section: str) -> frozenset[str]:
    """Views of which a sub-view may show the section's structures."""
    return frozenset(s.view for s in SUBVIEWS.values() if not STRUCTURES[section].isdisjoint(s.shows))


def measure_abstention(evaluation: Evaluation, results: Results) -> None:
    """Removes all informative clips of each section in turn, and counts sections with a good one present."""
    absent: list[bool] = []
    present: list[bool] = []
    by_section: dict[str, list[bool]] = {}
    for study in evaluation.studies:
        for section in evaluation.pipeline.bundle.sections:
            views = informative_views(section)
            kept = [position for position in study.used if study.truth[position]["view"] not in views]
            if kept and len(kept) < len(study.used):
                sections = replayed(evaluation.pipeline, study, positions=kept).sections
                assessed = bool(sections.assessed[sections.sections.index(section)])
                absent.append(not assessed)
                by_section.setdefault(section, []).append(not assessed)
        whole = replayed(evaluation.pipeline, study).sections
        for section, assessed in zip(whole.sections, whole.assessed.tolist(), strict=True):
            if any(_shows(study.truth[position], section) for position in study.used):
                present.append(assessed)
    shares = [float(np.mean(flags)) if flags else float("nan") for flags in (absent, present)]
    results.figures["abstention"] = {
        "not assessed without informative views": shares[0],
        "assessed with a good informative view": shares[1],
        "by_section": {section: float(np.mean(flags)) for section, flags in by_section.items()},
    }
    results.at_least(_NAMES[0], shares[0], 0.99)
    results.at_least(_NAMES[1], shares[1], 0.98)


def _shows(truth: Mapping[str, object], section: str) -> bool:
    """Whether a clip is a good picture of the section's structures."""
    good = float(str(truth["quality"])) >= GOOD
    return good and not STRUCTURES[section].isdisjoint(SUBVIEWS[str(truth["subview"])].shows)


def measure_mil_table(evaluation: Evaluation, results: Results) -> None:
    """The view of most weight must show the section's structures; IVC must look from below the ribs."""
    weights = evaluation.pipeline.bundle.mil_weights
    top = {section: max(row, key=lambda view: row[view]) for section, row in weights.items()}
    flat = {section for section, row in weights.items() if max(row.values()) == min(row.values())}
    sane = [view in informative_views(section) and section not in flat for section, view in top.items()]
    results.figures["mil_top_view"] = {
        section: "all alike" if section in flat else f"{view} ({weights[section][view]:.2f})"
        for section, view in top.items()
    }
    results.at_least("MIL: sections whose heaviest view shows them", float(np.mean(sane)), 1.0)
    ivc = "IVC" not in flat and top.get("IVC") == "Subcostal"
    results.at_least("MIL: Subcostal is heaviest for IVC", float(ivc), 1.0)
