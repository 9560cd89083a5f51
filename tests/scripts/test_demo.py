"""The demonstration's table says where the answer and the truth agree, and where nothing was said."""

from scripts.demo import beside_truth
from service.schemas import PhenotypeOut


def phenotype(kind: str, value: float | None, *, positive: bool | None = None, **more: float) -> PhenotypeOut:
    row = {"value": value, "unit": None, "kind": kind, "p10": 40.0, "p90": 60.0, "labelled": 50, "k": 50}
    row |= {"threshold": 0.5, "positive": positive, "section": "Left Ventricle", "reason": None, **more}
    return PhenotypeOut.model_validate(row)


def test_lines_agree_disagree_or_say_nothing() -> None:
    rows = {
        "right": phenotype("binary", 0.9, positive=True),
        "wrong": phenotype("binary", 0.1, positive=False),
        "uncalled": phenotype("binary", 0.4),
        "unknown": phenotype("binary", None),
        "number": phenotype("continuous", 50.0),
        "narrow": phenotype("continuous", 50.0, interval_low=49.0, interval_high=51.0),
    }
    lines = beside_truth(rows, dict.fromkeys(rows, 1.0) | {"number": 55.0, "narrow": 55.0})
    assert [line.split()[-1] for line in lines[1:-1]] == ["yes", "NO", "-", "-", "yes", "NO"]
    assert lines[-1] == "2 of 4 calls and numbers agree with the truth"
