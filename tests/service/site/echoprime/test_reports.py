import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.layout import find_release
from service.site.echoprime.phrases import read_phrases
from service.site.echoprime.reports import report_blocks
from tests.service.site.echoprime.small_release import REPORTS, write_release


def spoken(tmp_path: Path, reports: list[Any], protocol: int = 4) -> list[list[str]]:
    """The sentences of each study as text."""
    release = find_release(write_release(tmp_path / f"R{protocol}", protocol=protocol))
    release.reports.write_bytes(pickle.dumps(reports, protocol))
    phrases = read_phrases(release.phrases, ECHO_TAXONOMY)
    studies = []
    for block in report_blocks(release.reports, phrases):
        ends = np.cumsum(block.counts).tolist()
        for start, end in zip([0, *ends], ends, strict=False):
            values = [
                block.texts.get(i, None if np.isnan(v := block.values[i]) else float(v)) for i in range(start, end)
            ]
            ids = block.phrase_ids[start:end].tolist()
            studies.append([phrases.table.text(i, value) for i, value in zip(ids, values, strict=True)])
    return studies


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_reports_say_what_the_release_says(tmp_path: Path, protocol: int) -> None:
    assert spoken(tmp_path, REPORTS, protocol) == [
        ["The ejection fraction is 55 %.", "Contraction is weak.", "Mild to moderate pulmonic leak."],
        ["", "Moderate pulmonic leak"],
        [],
        ["Akinesis of the mid wall.", "The ejection fraction is 35 %.", "A graft is seen."],
        ["An EF between 40 and 40 %.", "No leak."],
        ["Akinesis.", "Akinesis.", ""],
        [],
    ]


@pytest.mark.parametrize(
    ("report", "reported"),
    [
        ([(16, 0, None)], r"section_id must lie in 0\.\.15"),
        ([(-1, 0, None)], r"section_id must lie in 0\.\.15"),
        ([(0, 4, None)], "phrase_id 4 of 'Left Ventricle', which has 4 phrases"),
        ([(0, 1.5, None)], "must be integers"),
        ([(0, "a", None)], "studies 0..1"),
        ([(0, 0)], "studies 0..1"),
        ([(0, 0, 1.0, 2.0), (0, 0, 1.0)], "studies 0..1"),
        ([(0, 0, (1, 2))], "neither a number nor text"),
        (5, "studies 0..1"),
    ],
)
def test_what_names_no_phrase_is_refused(tmp_path: Path, report: Any, reported: str) -> None:
    with pytest.raises(ReleaseMismatch, match=reported):
        spoken(tmp_path, [[(0, 0, 50.0)], report])
