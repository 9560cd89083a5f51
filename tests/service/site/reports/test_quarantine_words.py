"""The words that put rows aside are told to who has the CSV, beside it, and to nobody else."""

import csv
from collections import Counter
from pathlib import Path

from service.site.reports.quarantine_words import write_words
from tests.service.site.small_site import small_site


def told(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_words_with_counts_stand_beside_the_reports_and_nowhere_in_the_bank(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    summary = site.build()
    path = Path(summary["quarantine_words"])
    assert path.parent == tmp_path
    assert path.stat().st_mode & 0o777 == 0o600
    rows = told(path)
    counts = [int(row["rows"]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert 0 < max(counts) <= sum(summary["quarantined"].values())
    stored = " ".join(file.read_bytes().decode("utf-8", "ignore") for file in site.bank.rglob("*") if file.is_file())
    assert not [row["word"] for row in rows if len(row["word"]) > 5 and row["word"] in stored.casefold()]


def test_a_word_that_is_named_in_the_mapping_puts_no_row_aside_any_more(tmp_path: Path) -> None:
    site = small_site(tmp_path)
    first = site.build(dry_run=True)
    rows = told(Path(first["quarantine_words"]))
    words = [row["word"] for row in rows]
    mapping = tmp_path / "columns.yaml"
    mapping.write_text(mapping.read_text() + f"vocabulary: {words}\n".replace("'", '"'))
    second = site.build(dry_run=True)
    assert sum(second["quarantined"].values()) < sum(first["quarantined"].values())


def test_no_words_no_file_and_an_older_one_goes(tmp_path: Path) -> None:
    reports = tmp_path / "r.csv"
    path = write_words(reports, Counter({"zwurbel": 2, "a": 3}))
    assert path is not None
    assert path.read_text().split() == ["word,rows", "a,3", "zwurbel,2"]
    assert write_words(reports, Counter()) is None
    assert not path.exists()
