from pathlib import Path

import pytest

from model.echo.taxonomy import ECHO_TAXONOMY, SECTIONS, VIEWS
from service.site.echoprime.errors import ReleaseIncomplete, ReleaseMismatch
from service.site.echoprime.layout import find_release
from service.site.echoprime.tables import read_mil_weights, read_studies, read_thresholds
from tests.service.site.echoprime.small_release import write_release


def test_weights_and_thresholds_are_matched_by_name(tmp_path: Path) -> None:
    release = find_release(write_release(tmp_path / "R"))
    weights = read_mil_weights(release.mil_weights, ECHO_TAXONOMY)
    assert weights == {section: {view: len(view) / 100 for view in VIEWS} for section in SECTIONS}
    thresholds = read_thresholds(release.thresholds, ECHO_TAXONOMY)
    assert thresholds.kept == {"impella": 0.16}
    assert set(thresholds.dropped) == {"tavr", "lv_mass", "ejection_fraction"}
    assert "1.06 cannot be reached" in thresholds.dropped["tavr"]
    assert read_studies(release.studies) == [str(number) for number in range(101, 108)]
    assert read_thresholds(None, ECHO_TAXONOMY).kept == {}


def test_tables_that_lack_something_are_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("Name\na\n")
    with pytest.raises(ReleaseIncomplete, match=r"table\.csv: has no column \['Study'\]"):
        read_studies(path)
    path.write_text(",".join(["Section", *VIEWS]) + "\n" + ",".join(["Aorta", *("1" for _ in VIEWS)]) + "\n")
    with pytest.raises(ReleaseMismatch, match="has no row for"):
        read_mil_weights(path, ECHO_TAXONOMY)
    for bad in ("", "x", "-1", "nan"):
        path.write_text(",".join(["Section", *VIEWS]) + "\n" + ",".join(["Aorta", *(bad for _ in VIEWS)]) + "\n")
        with pytest.raises(ReleaseMismatch, match="'Aorta' holds"):
            read_mil_weights(path, ECHO_TAXONOMY)
