"""Figures of agreement against numbers worked out by hand, and intervals that know about patients."""

import numpy as np
import pytest

from model.taxonomy import Phenotype, Taxonomy
from service.schemas import PhenotypeOut
from service.site.validation.agreement import ReadStudy, agreement_of
from service.site.validation.page import site_page
from service.site.validation.signed_reports import ReportContent

TAXONOMY = Taxonomy(
    "toy",
    ("v",),
    ("Heart",),
    (Phenotype("leak", "Heart", "binary"), Phenotype("ef", "Heart", "continuous", "%", 0, 99)),
)


def out(value: float, positive: bool | None = None, interval: tuple[float, float] | None = None) -> PhenotypeOut:
    low, high = interval or (None, None)
    return PhenotypeOut(
        value=value,
        unit=None,
        kind="binary" if positive is not None else "continuous",
        p10=None,
        p90=None,
        labelled=50,
        k=50,
        threshold=0.5,
        positive=positive,
        section="Heart",
        reason=None,
        interval_low=low,
        interval_high=high,
    )


def study(
    patient: str, leak: tuple[float, float], ef: tuple[float, float], said: dict[str, str], signed: dict[str, str]
) -> ReadStudy:
    """leak and ef: estimate, truth."""
    estimated = {"leak": out(leak[0], positive=leak[0] >= 0.5), "ef": out(ef[0], interval=(ef[0] - 5, ef[0] + 5))}
    labels = {"leak": leak[1], "ef": ef[1]}
    return ReadStudy(
        patient, estimated, ReportContent({"Heart": said}, {}), ReportContent({"Heart": signed}, labels, 4, 1)
    )


STUDIES = [
    study("a", (0.9, 1), (50, 53), {"x": "1", "y": "1"}, {"x": "1", "y": "2", "z": "1"}),
    study("b", (0.2, 1), (60, 60), {"x": "1"}, {"x": "1"}),
    study("c", (0.4, 0), (40, 50), {}, {"x": "1"}),
    study("d", (0.1, 0), (30, 29), {"w": "1"}, {}),
]


def test_figures_are_those_worked_out_by_hand() -> None:
    figures = agreement_of(STUDIES, TAXONOMY, samples=50)
    leak, ef, heart = figures["phenotypes"]["leak"], figures["phenotypes"]["ef"], figures["sections"]["Heart"]
    assert (leak["studies"], leak["positives"], leak["auroc"]["value"]) == (4, 2, 0.75)
    assert (leak["sensitivity"]["value"], leak["specificity"]["value"]) == (0.5, 1.0)
    assert (ef["mean_absolute_error"]["value"], ef["interval_holds"]["value"]) == (3.5, 0.75)
    assert heart["agreement"]["value"] == pytest.approx(2 / 3, abs=1e-4)  # x, x of x, y, x
    assert (heart["coverage"]["value"], heart["signed_findings"]) == (0.6, 5)
    assert (figures["patients"], figures["signed_sentences"], figures["signed_sentences_unread"]) == (4, 16, 4)


def test_intervals_hold_the_value_and_copies_of_a_patient_do_not_narrow_them() -> None:
    rng = np.random.default_rng(0)
    one = [study(f"p{i}", (rng.random(), i % 2), (50 + 9 * rng.normal(), 50), {}, {}) for i in range(40)]
    single = agreement_of(one, TAXONOMY)["phenotypes"]["ef"]["mean_absolute_error"]
    copied = agreement_of([s for s in one for _ in range(5)], TAXONOMY)["phenotypes"]["ef"]["mean_absolute_error"]
    assert single["low"] < single["value"] < single["high"]
    assert copied == pytest.approx(single)


def test_what_cannot_be_computed_is_null_and_shown_as_such() -> None:
    figures = agreement_of(STUDIES[:2], TAXONOMY, samples=20)
    assert figures["phenotypes"]["leak"]["auroc"] == {"value": None, "low": None, "high": None}
    about = {"bundle": "b", "bundle_sha256": "0" * 64, "bank": "k", "mode": "rag", "kept_out": ["line 2: x"]}
    page = site_page({**about, "parts": {"test": figures}})
    assert "| leak | 2 | 2 | – |" in page
    assert "2 of 8 signed sentences were not understood." in page
    assert "Kept out: line 2: x." in page
