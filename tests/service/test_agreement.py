"""Text against estimates: what counts as a disagreement, and that the answer warns of it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest

from service.agreement import CODE, disagreements, warning
from service.schemas import PhenotypeOut


def estimate(kind: Literal["binary", "continuous"], value: float | None, positive: bool | None = None) -> PhenotypeOut:
    return PhenotypeOut(
        value=value,
        unit=None,
        kind=kind,
        p10=None,
        p90=None,
        labelled=0,
        k=50,
        threshold=0.5,
        positive=positive,
        section="Brightness",
        reason=None,
    )


@pytest.mark.parametrize(
    ("said", "row", "differs"),
    [
        (1.0, estimate("binary", 0.2, False), True),
        (0.0, estimate("binary", 0.9, True), True),
        (1.0, estimate("binary", 0.9, True), False),
        (1.0, estimate("binary", 0.2, None), False),  # no threshold, no call
        (None, estimate("binary", 0.2, False), False),
        (59.0, estimate("continuous", 58.6), False),
        (35.0, estimate("continuous", 58.6), True),
        (35.0, estimate("continuous", None), False),
    ],
)
def test_only_two_stated_and_different_sides_disagree(said: float | None, row: PhenotypeOut, differs: bool) -> None:
    def read(_: Mapping[str, Sequence[str]]) -> dict[str, float | None]:
        return {"it": said}

    assert disagreements({}, {"it": row}, read) == (("it",) if differs else ())


def test_the_warning_names_them_and_is_absent_without_any() -> None:
    assert warning(()) == ()
    ((code, text),) = warning(("tavr", "impella"))
    assert code == CODE
    assert "tavr, impella" in text
