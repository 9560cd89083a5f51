"""A decoder of an invented modality is trained by the command line, written as the product reads it, and writes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.writing.build import load_decoder
from model.report.writing.report_writer import ReportWriter
from service.answer.evidence import evidence_sentences
from service.site.embedding_training.embedding_rows import EmbeddingRows
from service.site.embedding_training.study_table import read_study_table
from service.site.embedding_training.taxonomy_file import read_taxonomy
from service.site.embedding_training.wordings import wordings_of
from tests.model.report.bridge import CPU
from tests.service.cli.command_line import run
from tests.service.site.embedding_training.heart_mr import Files, spoil, write_files

_COMMAND = ("train", "embeddings")
_SMALL = ["--width", "16", "--heads", "2", "--layers", "1", "--rows-per-step", "8", "--threads", "1", "--device", "cpu"]


def rows_of(files: Files) -> EmbeddingRows:
    file = read_taxonomy(files.taxonomy)
    table = read_study_table(files.manifest, files.embeddings, files.reports, file)
    return EmbeddingRows(table, wordings_of([table.studies[n] for n in table.of("train").tolist()], file, 2))


def test_neighbours_are_training_patients_and_never_oneself(tmp_path: Path) -> None:
    source = rows_of(write_files(tmp_path, 64))
    patients = [source.table.studies[n].patient for n in source.candidates.tolist()]
    for split in ("train", "validation"):
        studies = source.table.of(split)
        for row in source.rows(studies):
            assert {source.table.studies[source.candidates[c.candidate_id]].split for c in row.neighbours} == {"train"}
    (study,) = source.table.of("train")[:1]
    shared = [n for n, patient in enumerate(patients) if patient == source.table.studies[study].patient]
    assert len(shared) == 2  # the patient has two studies
    for row in source.rows(np.array([study])):
        assert {c.candidate_id for c in row.neighbours}.isdisjoint(shared)


def test_estimates_are_votes_and_follow_the_embedding(tmp_path: Path) -> None:
    files = write_files(tmp_path, 160)
    source = rows_of(files)
    low: list[float | None] = []
    high: list[float | None] = []
    for number in source.table.of("validation").tolist():
        row = next(iter(source.rows(np.array([number]))))
        said = source.table.studies[number].sections["Left Ventricle"][1]
        estimate = next(token for token in row.study.phenotypes if token.name == "lvef")
        assert 45 <= estimate.labelled <= 50  # read off the text: no column states it
        (low if said == "The left ventricle is dilated." else high).append(estimate.value)
    assert np.mean([v for v in low if v is not None]) < np.mean([v for v in high if v is not None])


def test_sections_have_neighbours_of_their_own(tmp_path: Path) -> None:
    files = write_files(tmp_path, 64, per_section=True)
    vectors = np.load(files.embeddings)
    vectors[3, 1] = 0  # a validation study whose second section was not seen
    vectors[:, 2] = np.random.default_rng(5).standard_normal(vectors[:, 2].shape)
    np.save(files.embeddings, vectors)
    rows = {row.section: row for row in rows_of(files).rows(np.array([3]))}
    assert set(rows) == {"Left Ventricle", "Pericardium"}
    first, last = ([c.candidate_id for c in rows[name].neighbours] for name in ("Left Ventricle", "Pericardium"))
    assert first != last


def test_a_decoder_is_trained_measured_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_files(tmp_path, 64)
    spoil(files)
    out = tmp_path / "out"
    words = ["--out", str(out), "--steps", "40", "--learning-rate", "0.03", "--curve"]
    assert run(monkeypatch, *_COMMAND, *files.words, *words, *_SMALL) == 0
    assert (out / "curve.png").is_file()
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["kept_out"]["manifest: patient_in_two_splits"] == 2
    assert (out / "rejects.csv").read_text().splitlines()[0] == "file,line,reason"
    assert "S12" not in (out / "rejects.csv").read_text()
    served = summary["held_out"]["validation"]["as_served"]
    assert served["well_formed"] > 0.5
    config = DecoderConfig.model_validate_json((out / "config.json").read_text())
    language = Language.read(out / "phrases.json")
    writer = ReportWriter(
        decoder=load_decoder(out, config),
        tokenizer=ReportTokenizer.read(out / "tokenizer.json"),
        language=language,
        read=PhraseReader(language).findings_in,
        placement=CPU,
    )
    source = rows_of(files)
    (row, *_) = source.rows(source.table.of("test"))
    evidence = {row.section: evidence_sentences(row.neighbours, source.wordings.phrases)}
    report = writer.write(replace(row.study, evidence=evidence))
    assert set(report.sections) == set(config.sections)
    assert any(report.sections.values())


def test_a_sweep_prints_a_table_and_names_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_files(tmp_path, 48)
    sizes = ["--vocabularies", "300", "--vocabularies", "400", "--lengths", "0", "--lengths", "4", "--depths", "1"]
    words = ["--out", str(tmp_path / "out"), "--sweep", *sizes, "--steps", "4", "--least-patients", "2"]
    assert run(monkeypatch, *_COMMAND, *files.words, *words, *_SMALL) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 4
    cut = {line.split("|")[3].strip(): float(line.split("|")[4]) for line in table[2:]}
    assert cut.pop("4") > 0
    assert set(cut.values()) == {0.0}
    assert json.loads(lines[-1])["best"]["vocabulary"] in (300, 400)
    assert len(json.loads((tmp_path / "out" / "sweep.json").read_text())) == 4


def test_what_cannot_be_trained_on_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_files(tmp_path, 16)
    np.save(files.embeddings, np.ones((16, 3), np.float32))
    assert run(monkeypatch, *_COMMAND, *files.words, "--out", tmp_path / "out", *_SMALL) == 2
    assert "dimension 3, the taxonomy says 12" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
