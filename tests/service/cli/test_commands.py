"""The command line on the shipped bundle: answers for studies, one line and exit status 2 for mistakes."""

import json
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from tests.dicom_files import large_zip
from tests.service.cli.command_line import run
from tests.service.invented import InventedPipeline, invented_retriever

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))


def test_report_prints_text_and_writes_the_whole_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert run(monkeypatch, "report", CINE, "--json", out) == 0
    answer = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in the answer"))
    assert len(answer["sections"]) == 15
    assert len(answer["phenotypes"]) == 25
    assert answer["clips"][0]["used"]
    assert "DRAFT" in capsys.readouterr().out


def test_phenotypes_are_those_of_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    run(monkeypatch, "report", CINE, "--json", out)
    capsys.readouterr()
    assert run(monkeypatch, "phenotypes", CINE, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text())["phenotypes"]


@pytest.mark.parametrize("command", ["report", "phenotypes"])
@pytest.mark.parametrize("out", ["nothing/out.json", "."])
def test_an_answer_that_could_not_be_written_is_told_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, out: str
) -> None:
    monkeypatch.setattr("service.cli.commands._pipeline", lambda _: pytest.fail("networks were loaded"))
    assert run(monkeypatch, command, CINE, "--json", tmp_path / out) == 2
    assert "--json" in capsys.readouterr().err


def test_in_a_small_bank_all_vote_unless_a_larger_k_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.cli.commands._pipeline", lambda _: InventedPipeline(retriever=invented_retriever(4)))
    assert run(monkeypatch, "phenotypes", CINE, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["size"]["k"] == 4
    assert run(monkeypatch, "phenotypes", CINE, "--k", "5") == 2
    assert "k: must lie in 1..4" in capsys.readouterr().err


def test_a_zip_of_a_study_of_a_real_size_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.cli.commands._pipeline", lambda _: InventedPipeline())
    assert run(monkeypatch, "report", large_zip(tmp_path), "--json", "-") == 0
    assert [clip["used"] for clip in json.loads(capsys.readouterr().out)["clips"]] == [True, True]


def test_the_limits_of_the_environment_hold_here_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.cli.commands._pipeline", lambda _: InventedPipeline())

    def skipped() -> str | None:
        assert run(monkeypatch, "report", CINE, "--json", "-") == 0
        reason: str | None = json.loads(capsys.readouterr().out)["clips"][0]["skipped"]
        return reason

    assert skipped() is None
    monkeypatch.setenv("ECHOSCRIBE_MAX_FILE_BYTES", "1000")
    assert skipped() == "too_large"
    for name, value in (("MAX_FILES", "1"), ("MAX_BODY_BYTES", "2000")):
        with monkeypatch.context() as environment:
            environment.setenv(f"ECHOSCRIBE_{name}", value)
            assert run(monkeypatch, "report", CINE, CINE) == 2
        assert value in capsys.readouterr().err


def test_retrieval_quotes_and_k_is_the_number_that_votes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "report", CINE, "--mode", "retrieval", "--k", "7", "--json", "-") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["mode"] == "retrieval"
    assert {row["k"] for row in answer["phenotypes"].values() if row["value"] is not None} == {7}
    assert {len(section["neighbours"]) for section in answer["sections"] if section["assessed"]} == {7}


def test_info_names_bundle_and_bank(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "info") == 0
    stated = json.loads(capsys.readouterr().out)
    assert stated["modes"] == ["rag", "retrieval", "generate"]
    assert {"bundle_sha256", "bank_sha256", "encoder_sha256", "device_reason"} <= set(stated)


def test_doctor_passes_here_and_fails_without_a_bank(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # How full this machine's disk is decides nothing here; `test_doctor.py` holds what too little of it does.
    monkeypatch.setattr("service.cli.doctor._free_bytes", lambda _: 64 << 30)
    assert run(monkeypatch, "doctor", "--verify") == 0
    assert run(monkeypatch, "doctor", "--bank", tmp_path) == 1
    assert "FAIL bank" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "{empty}"], "no file"),
        (["report", "{missing}"], "nothing.dcm is neither a file nor a folder"),
        (["report", str(CINE), "--k", "0"], "k: must lie in 1.."),
        (["report", str(CINE), "--k", "99999999"], "k: must lie in 1.."),
        (["report", str(CINE), "--bundle", "{empty}"], "bundle.json"),
        (["report", str(CINE), "--bank", "{empty}"], "bank.json"),
        (["report", str(CINE), "--device", "cuda"], "no CUDA device"),
        (["report", str(CINE), "--device", "tpu"], "device"),
    ],
)
def test_mistakes_get_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    names = {"empty": tmp_path, "missing": tmp_path / "nothing.dcm"}
    assert run(monkeypatch, *(argument.format(**names) for argument in arguments)) == 2
    stderr = capsys.readouterr().err
    assert said.lower() in stderr.lower()
    assert "Traceback" not in stderr


def test_an_unknown_mode_is_named_by_the_parser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "report", CINE, "--mode", "poetry") == 2
    assert "poetry" in capsys.readouterr().err
