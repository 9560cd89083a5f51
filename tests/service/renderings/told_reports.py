"""Reports that tell everything a format must show, and other people's tools that look at what was written."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.http import examples
from service.renderings.page_words import GERMAN
from service.schemas import ReportDocument

_ROW = examples.PHENOTYPES["dilated_ivc"] | {"section": "Left Ventricle", "labelled": 40, "k": 50, "reason": None}
PHENOTYPES: dict[str, Any] = examples.PHENOTYPES | {
    "mitral_stenosis": _ROW | {"value": 0.9, "positive": True, "probability": 0.93},
    "aortic_stenosis": _ROW | {"value": 0.1, "positive": False, "p10": 0.0, "p90": 1.0},
    "bicuspid_aov_morphology": _ROW | {"value": 0.02, "positive": False},
    "mitraclip": _ROW | {"value": 0.5, "positive": None, "reason": "no_threshold"},
}
TRACED: dict[str, Any] = {
    "name": "lv_ejection_fraction",
    "value": 57.4,
    "unit": "%",
    "method": "biplane_disks",
    "stated": True,
    "reason": None,
    "quality": 0.8,
    "interval_low": 50.0,
    "interval_high": 63.0,
    "clips": [1],
    "panels": [None],
    "frames": [3, 9],
    "beats": 1,
    "phenotype": "ejection_fraction",
}
VOLUME: dict[str, Any] = TRACED | {
    "name": "lv_end_diastolic_volume",
    "value": 103.0,
    "unit": "ml",
    "method": "disks_A4C",
    "interval_low": 90.0,
    "interval_high": 118.0,
    "phenotype": None,
}
GRAVE = [
    {"code": "untrained_bundle", "text": "These networks are untrained."},
    {"code": "synthetic_domain", "text": "Demonstration only: rendered hearts."},
    {"code": "out_of_distribution", "text": "Clips 1 are unlike the clips that are known."},
]
IMPRESSION = [
    {
        "text": "Severe mitral stenosis.",
        "kind": "finding",
        "rests_on": [{"section": "Left Ventricle", "sentences": [0]}],
    }
]
# Format → how its files begin.
BEGINS = {"json": b"{", "html": b"<!doctype html>", "pdf": b"%PDF-", "fhir": b"{", "sr": bytes(128) + b"DICM"}


def told(**changed: Any) -> ReportDocument:
    """A report with calls of every kind, a vote, and a measured number."""
    base = examples.REPORT | {"phenotypes": PHENOTYPES, "impression": IMPRESSION, "traced": [TRACED, VOLUME]}
    return ReportDocument.model_validate(base | changed)


def measured() -> ReportDocument:
    """The same, whose number was measured in a clip."""
    number = examples.REPORT["measurements"][0] | {"source": "measured", "clips": [1], "frames": [3, 9], "asked": 0}
    return told(measurements=[number])


def demonstration() -> ReportDocument:
    """A report that describes nobody, of clips unlike the known ones."""
    return told(status="demonstration", warnings=GRAVE)


def german() -> ReportDocument:
    """A German report."""
    section = examples.REPORT["sections"][0] | {"title": "Linker Ventrikel", "text": "Die Größe ist normal, ≥ 57 %."}
    notice = f"{GERMAN.draft_notice} {GERMAN.demonstration_notice}"
    return told(lang="de", draft_notice=notice, sections=[section, examples.REPORT["sections"][1]])


def empty() -> ReportDocument:
    """A study of which nothing could be used."""
    return told(status="unusable", sections=[], measurements=[], phenotypes={}, clips=[], impression=[], traced=[])


def other_program(name: str) -> str:
    """The path of another people's program; skips the test where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: poppler-utils, dcmtk, dicom3tools)")
    return found


def said_by(name: str, *arguments: str | Path) -> str:
    """What the program prints on both outputs."""
    done = subprocess.run([other_program(name), *map(str, arguments)], capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")
