"""Reports and embeddings become a bank: what is kept out and why, stops, appends, deletions, versions."""

import csv
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.candidate_bank import CandidateBank
from index.retriever import Retriever, open_search
from service.site.bank import building, journal
from service.site.bank.options import ReportsToAdd
from service.site.errors import BankRefused, VectorsError
from service.site.identity.pseudonyms import read_pseudonyms
from tests.service.site.small_site import DIMENSION, SmallSite, content_of, small_site


@pytest.fixture
def site(tmp_path: Path) -> SmallSite:
    return small_site(tmp_path)


def reasons(bank: Path) -> dict[str, str]:
    """Line → reason of what was kept out."""
    with (bank / "last_run" / "rejects.csv").open() as file:
        return {row["line"] or row["study"]: row["reason"] for row in csv.DictReader(file)}


def test_every_bad_row_is_named_and_kept_out(site: SmallSite) -> None:
    summary = site.build()
    bank = CandidateBank.open(site.bank, None, verify="all")
    assert (
        summary["candidates"] == bank.manifest.candidates == len(site.table.good) - sum(summary["quarantined"].values())
    )
    found = sorted(reasons(site.bank).values())
    expected = [reason for _, reason in site.table.bad]
    # the rows that a conflicting or split one spoils go as well
    expected += ["duplicate_study_with_other_content", "patient_in_two_splits", "patient_in_two_splits"]
    assert found == sorted(expected)
    assert bank.manifest.text_may_be_shown is False
    assert bank.manifest.phenotypes["pacemaker"].labelled > 20


def test_vectors_are_found_by_name(site: SmallSite) -> None:
    site.build()
    bank = CandidateBank.open(site.bank, None)
    names = (site.folder / "ids.txt").read_text().split()
    vectors = np.load(site.folder / "X.npy")
    pseudonyms = read_pseudonyms(site.folder / "site.key")
    rows = {pseudonyms.of("study", name): vector for name, vector in zip(names, vectors, strict=True)}
    _, studies = bank.keys(range(bank.manifest.candidates))
    for study, stored in zip(studies, bank.embeddings, strict=True):
        np.testing.assert_array_equal(stored, rows[study].astype(np.float16))


def test_embeddings_that_are_not_finite_or_missing_or_left_over(site: SmallSite) -> None:
    vectors, names = np.load(site.folder / "X.npy"), (site.folder / "ids.txt").read_text().split()
    good = [name for name in site.table.good if site.table.good.index(name) > 8]
    vectors[names.index(good[0])] = np.nan
    vectors[names.index(good[1])] = 0
    names[names.index(good[2])] = "unknown study"
    np.save(site.folder / "X.npy", vectors)
    (site.folder / "ids.txt").write_text("\n".join(names))
    summary = site.build(dry_run=True)
    reported = summary["rejected"]
    aside = sum(summary["quarantined"].values())
    three = sum(reported.get(reason, 0) for reason in ("embedding_not_finite", "embedding_is_zero", "no_embedding"))
    assert 3 - aside <= three <= 3
    assert "embedding_without_report" in reported
    assert not (site.bank / "current").exists()


@pytest.mark.parametrize(
    ("array", "reported"),
    [
        (np.zeros((3, DIMENSION + 1), np.float32), f"embeds in {DIMENSION}"),
        (np.zeros((3, DIMENSION), np.float32), "has 3 rows"),
        (np.zeros(3, np.float32), "embeds in"),
        (np.zeros((3, DIMENSION), np.int64), "int64"),
    ],
)
def test_embeddings_of_another_shape_are_refused(site: SmallSite, array: Any, reported: str) -> None:
    np.save(site.folder / "X.npy", array)
    with pytest.raises(VectorsError, match=reported):
        site.build()
    assert not (site.bank / "current").exists()


def test_a_study_named_twice_in_the_ids_is_refused(site: SmallSite) -> None:
    names = (site.folder / "ids.txt").read_text().split()
    (site.folder / "ids.txt").write_text("\n".join([names[0], names[0], *names[2:]]))
    with pytest.raises(VectorsError, match="twice"):
        site.build()


def test_reports_without_videos_and_videos_without_report(site: SmallSite) -> None:
    studies = site.folder / "studies"
    for name in (*site.table.good[5:], "nobody's"):
        (studies / name).mkdir(parents=True)
    reported = site.build(studies=studies, dry_run=True)["rejected"]
    assert reported["videos_without_report"] == 1
    assert 1 <= reported["report_without_videos"] <= 5


def test_a_build_that_was_stopped_goes_on_and_ends_the_same(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(building._CHUNK_ROWS, "embeddings", 8)
    site.build(out="whole")
    written = itertools.count()
    write = journal.Journal.write

    def stops(self: journal.Journal, number: int, chunk: journal.Chunk) -> None:
        if next(written) == 2:
            raise KeyboardInterrupt
        write(self, number, chunk)

    monkeypatch.setattr(journal.Journal, "write", stops)
    with pytest.raises(KeyboardInterrupt):
        site.build()
    assert not (site.bank / "current").exists()
    again: list[int] = []

    def notes(self: journal.Journal, number: int, chunk: journal.Chunk) -> None:
        again.append(number)
        write(self, number, chunk)

    monkeypatch.setattr(journal.Journal, "write", notes)
    site.build()
    assert again[0] == 2  # the two finished chunks were not done again
    assert content_of(site.bank) == content_of(site.folder / "whole")
    assert [path.name for path in site.bank.glob(".*unfinished")] == []


def test_a_publish_that_fails_leaves_the_bank_as_it_was(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.build()
    before = content_of(site.bank)
    one = str(site.table.good[0])

    def fails(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("index.building.bank_writer.write_manifest", fails)
    with pytest.raises(OSError, match="disk full"):
        site.delete([one])
    assert content_of(site.bank) == before


def parts(site: SmallSite) -> None:
    """Splits the table into two files by row."""
    rows = list(
        csv.reader((site.folder / "reports.csv").read_bytes().decode("utf-8", "ignore").splitlines(keepends=True))
    )
    for name, body in (("first.csv", rows[1:25]), ("second.csv", rows[25:])):
        with (site.folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([rows[0], *body])


def test_append_and_delete_of_the_same_is_the_bank_before(tmp_path: Path) -> None:
    site = small_site(tmp_path, planted=False)
    parts(site)
    site.build(reports="first.csv")
    before, query = content_of(site.bank), np.ones((1, DIMENSION), np.float32)
    first = CandidateBank.open(site.bank, None)
    _, known = first.keys(range(first.manifest.candidates))
    found = Retriever(first, open_search(first)).retrieve(query, ("Aorta",), np.array([True]), neighbours=5, depth=5)
    with pytest.raises(BankRefused, match="bank append"):
        site.build(reports="second.csv")
    appended = site.build(append=True, reports="second.csv")
    assert appended["candidates"] > first.manifest.candidates
    bank = CandidateBank.open(site.bank, None)
    _, studies = bank.keys(range(bank.manifest.candidates))
    site.delete([study for study in studies if study not in known])
    assert content_of(site.bank) == before
    last = CandidateBank.open(site.bank, None)
    same = Retriever(last, open_search(last)).retrieve(query, ("Aorta",), np.array([True]), neighbours=5, depth=5)
    np.testing.assert_array_equal(found.neighbours.candidate_ids, same.neighbours.candidate_ids)
    assert found.context == same.context


def test_what_is_in_the_bank_already_is_not_added_again(site: SmallSite) -> None:
    first = site.build()
    again = site.build(append=True)
    assert again["candidates"] == first["candidates"]
    assert again["rejected"]["already_in_bank"] == first["candidates"]


def test_a_deleted_patient_is_in_no_file(tmp_path: Path) -> None:
    site = small_site(tmp_path, planted=False)
    site.build(show_text=True)
    bank = CandidateBank.open(site.bank, None)
    patients, studies = bank.keys(range(bank.manifest.candidates))
    patient = next(key for key in patients if patients.count(key) == 2)
    gone = [study for key, study in zip(patients, studies, strict=True) if key == patient]
    name = next(
        mrn
        for mrn in site.table.patients.values()
        if read_pseudonyms(site.folder / "site.key").of("patient", mrn) == patient
    )
    own = [text for study in (studies.index(key) for key in gone) for text in texts_of(bank, study)]
    others = {text for n, key in enumerate(patients) if key != patient for text in texts_of(bank, n)}
    assert site.delete(patients=[name])["deleted"] == 2
    left = b"".join(path.read_bytes() for path in site.bank.rglob("*") if path.is_file())
    for key in (patient, *gone):
        assert key.encode() not in left
        assert bytes.fromhex(key) not in left
    for text in set(own) - others:
        assert text.encode() not in left
    assert len(list(site.bank.glob("0*"))) == 1
    with pytest.raises(BankRefused, match="no candidate"):
        site.delete(patients=[name])


def texts_of(bank: CandidateBank, candidate: int) -> list[str]:
    """The free texts of a candidate."""
    return list(bank.report_columns([candidate]).texts.values())


def test_another_key_another_encoder_and_a_strange_folder_are_refused(site: SmallSite) -> None:
    site.build()
    (site.folder / "site.key").write_bytes(b"x" * 32)
    with pytest.raises(BankRefused, match="another key"):
        site.build(append=True)
    (site.folder / "strange").mkdir()
    (site.folder / "strange" / "thesis.doc").write_text("mine")
    with pytest.raises(BankRefused, match="no bank"):
        site.build(out="strange")
    (site.folder / "site.key").unlink()
    with pytest.raises(BankRefused, match="urandom"):
        site.build(out="new")


def test_no_planted_identifier_is_in_any_file_of_the_bank(site: SmallSite) -> None:
    site.build(show_text=True)
    left = b"\n".join(p.read_bytes() for p in site.bank.rglob("*") if p.is_file()).decode("utf-8", "ignore").casefold()
    leaked = [m for m in site.table.markers if m.kind in {"id", "mail", "phone", "age"} and m.text.casefold() in left]
    assert leaked == []


def test_an_append_needs_a_bank_and_a_deletion_needs_a_name(site: SmallSite) -> None:
    with pytest.raises(BankRefused, match="`echoscribe bank build` makes one"):
        site.build(append=True)
    with pytest.raises(ValueError, match="--study ID"):
        site.delete()


def test_options_that_do_not_fit_together_are_refused() -> None:
    files: dict[str, Any] = {"reports": Path("r.csv"), "mapping": Path("m.yaml")}
    with pytest.raises(ValueError, match="--embeddings and --embedding-ids go together"):
        ReportsToAdd(**files, embeddings=Path("X.npy"))
    with pytest.raises(ValueError, match="--studies and --embeddings"):
        ReportsToAdd(**files, studies=Path("S"), embeddings=Path("X.npy"), embedding_ids=Path("ids.txt"))
