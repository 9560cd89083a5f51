"""From a bank to a bundle with a decoder, by the command: what comes out, what is refused, what a stop costs."""

import errno
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from index.candidate_bank import CandidateBank
from model.bundle import read_bundle
from model.device import choose_placement
from model.report.writing.build import DECODER_FILE
from service.artifacts import ArtifactPaths, load_pipeline
from service.run_options import RunOptions
from service.site.bank_training import stages
from service.site.bank_training import sweep as sweeping
from service.site.bank_training.errors import UnusableBank
from service.site.bank_training.material import open_material
from service.site.bank_training.names_only import NamesOnly
from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.run_parts import TEST, THRESHOLDS, TRAIN, work_folder
from service.site.bank_training.sources import EncodedStudies
from service.site.training import checkpoint
from tests.scripts.rendered.training.retrieval_material import DIM
from tests.service.cli.command_line import run
from tests.service.site.bank_training.conftest import Invented
from tests.service.site.bank_training.invented_bank import write_bank_of, write_bundle_of, write_studies_of

ROOT = Path(__file__).parents[4]


def weights(bundle: Path) -> dict[str, torch.Tensor]:
    return load_file(bundle / DECODER_FILE)


def test_a_bank_becomes_a_bundle_that_writes(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in invented.paths.bundle.iterdir()}
    out = tmp_path / "B2"
    assert run(monkeypatch, *invented.words(out)) == 0, capsys.readouterr().err
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["steps"] == 4
    assert summary["stages"]["rows"]["studies"] == 24
    assert {path.name: path.read_bytes() for path in invented.paths.bundle.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["B2"]
    manifest = read_bundle(out)
    bank = CandidateBank.open(invented.paths.bank, encoder_sha256=manifest.encoder_sha256)
    assert manifest.decoder is not None
    assert manifest.decoder["project_onto_bank"]
    assert manifest.thresholds_bank == bank.manifest.identity
    assert manifest.evaluation["decoder"]["studies"] == 3
    result = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert set(result["arms"]) == {"rag", "generate", "quoted", "consensus"}
    assert set(result["wrong_inputs"]) == {"own", "other_study", "other_context"}
    assert result["bits_per_byte"]["all"] > 0
    assert summary["operations_per_second"] > summary["operations_per_position"] > summary["parameters"]
    page = (out / "evaluation.md").read_text(encoding="utf-8")
    assert "| arm | macro-F1" in page
    assert "ejection_fraction" in page
    assert (out / "log.jsonl").is_file()
    pipeline = load_pipeline(
        ArtifactPaths(out, invented.paths.bank),
        choose_placement("cpu"),
        build=lambda manifest, *_: NamesOnly(manifest.taxonomy(), DIM),
    )
    assert pipeline.modes == ("rag", "retrieval", "generate")
    pipeline.check(RunOptions(mode="rag", neighbours=10))


def test_real_studies_say_how_wide_the_gap_is_and_are_trained_on(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = invented.words(tmp_path / "B2", "--studies", str(invented.studies))
    assert run(monkeypatch, *words) == 0, capsys.readouterr().err
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["stages"]["rows"]["gap"]["measured"]
    assert set(summary["stages"]) == {"tokenizer", "rows", "study rows", "training", "fine-tuning"}
    result = json.loads((tmp_path / "B2" / "evaluation.json").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "B2" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == sorted({line["step"] for line in lines})
    assert lines[-1]["step"] == sum(summary["stages"][stage]["steps"] for stage in ("training", "fine-tuning"))
    assert lines[-1]["seconds"] >= lines[0]["seconds"]
    assert result["held_out"] == "encoded studies"
    assert not read_bundle(tmp_path / "B2").decoder["project_onto_bank"]  # type: ignore[index]  # there is one


def test_a_sweep_compares_sizes_and_keeps_what_is_finished(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "sweep", "--bundle", str(invented.paths.bundle), "--bank", str(invented.paths.bank)]
    words += ["--out", str(tmp_path / "sizes"), "--minutes", "0", "--steps", "2", "--candidates", "24"]
    words += ["--test-studies", "3", "--vocabularies", "300", "--depths", "1", "--depths", "2", "--lengths", "40"]
    assert run(monkeypatch, *words) == 0, capsys.readouterr().err
    results = json.loads((tmp_path / "sizes" / "sweep.json").read_text(encoding="utf-8"))
    assert {result["layers"] for result in results} == {1, 2}
    assert {result["section_tokens"] for result in results} == {40}
    bits = [result["bits_per_byte"]["all"] for result in results]
    assert 0 < bits[0] <= bits[1]
    printed = capsys.readouterr().out
    assert "| vocabulary | tokens |" in printed
    (tmp_path / "sizes" / "vocabulary-300_length-40_layers-1.json").unlink()
    monkeypatch.setattr(sweeping, "measure_size", lambda options, _: {**results[0], "layers": options.layers})
    assert run(monkeypatch, *words) == 0, capsys.readouterr().err


def test_studies_that_are_split_already_keep_their_parts(invented: Invented, tmp_path: Path) -> None:
    for part, studies in (("train", 70), ("tuning", 60), ("test", 65)):
        write_studies_of(tmp_path / "parts" / part, studies)
    material = open_material(options_of(invented, tmp_path / "B2"))
    found = EncodedStudies.read(tmp_path / "parts", material.pipeline(material.manifest))
    assert [len(found.of(sixths)) for sixths in (TRAIN, THRESHOLDS, TEST)] == [70, 60, 65]
    whole = EncodedStudies.read(invented.studies, material.pipeline(material.manifest))
    sides = [len(whole.of(sixths)) for sixths in (TRAIN, THRESHOLDS, TEST)]
    assert sum(sides) == 90
    assert min(sides) > 3


def test_an_arm_without_evidence(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *invented.words(tmp_path / "B2", "--without-evidence")) == 0, capsys.readouterr().err
    result = json.loads((tmp_path / "B2" / "evaluation.json").read_text(encoding="utf-8"))
    assert set(result["arms"]) == {"generate", "quoted", "consensus"}


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.site.bank_training.training_stages._CHECKPOINT_EVERY", 2)
    assert run(monkeypatch, *invented.words(tmp_path / "whole")) == 0, capsys.readouterr().err
    saved, kept = checkpoint.save_checkpoint, []

    def stop_at_first(folder: Path, state: dict[str, object]) -> None:
        saved(folder, state)
        kept.append(state["step"])
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_checkpoint", stop_at_first)
    with pytest.raises(KeyboardInterrupt):
        stages.train_on_bank(options_of(invented, tmp_path / "stopped"))
    assert kept == [2]
    assert not (tmp_path / "stopped").exists()
    monkeypatch.setattr(checkpoint, "save_checkpoint", saved)
    capsys.readouterr()
    assert run(monkeypatch, *invented.words(tmp_path / "stopped")) == 0, capsys.readouterr().err
    assert "rows: there already" in capsys.readouterr().err
    steps = [json.loads(line)["step"] for line in (tmp_path / "stopped" / "log.jsonl").read_text().splitlines()]
    assert steps == [4]  # logged at the end, which the second run reached from step 2
    whole, stopped = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert all(torch.equal(stopped[name], whole[name]) for name in whole)


def options_of(invented: Invented, out: Path) -> BankTrainingOptions:
    return BankTrainingOptions(
        bundle=invented.paths.bundle,
        bank=invented.paths.bank,
        out=out,
        minutes=0,
        steps=4,
        candidates=24,
        rows_per_step=8,
        test_studies=3,
        device="cpu",
    )


def test_other_options_do_not_go_on_with_a_begun_training(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = work_folder(tmp_path / "B2")
    work.mkdir()
    (work / stages.BEGUN_FILE).write_text('{"bundle": "another"}')
    assert run(monkeypatch, *invented.words(tmp_path / "B2")) == 2
    assert "was begun with other options" in capsys.readouterr().err


def test_two_processes_end_where_one_with_twice_the_batch_does(invented: Invented, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    entry = ["-m", "service.cli.entry"]
    words = invented.words(tmp_path / "two", "--threads", "1")
    words[words.index("--rows-per-step") + 1] = "4"
    done = subprocess.run(
        [*torchrun, *entry, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if line.startswith("{")]) == 1
    words = invented.words(tmp_path / "one", "--threads", "1")
    done = subprocess.run([sys.executable, *entry, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=5e-3, atol=1e-3)


def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*more: str) -> str:
        assert run(monkeypatch, *invented.words(tmp_path / "B2", *more)) == 2
        assert not (tmp_path / "B2").exists()
        assert not work_folder(tmp_path / "B2").exists()
        return " ".join(capsys.readouterr().err.split())

    assert "--minutes: 0; a training needs more than 0" in refused("--steps", "0")
    assert "--minutes: -1" in refused("--minutes", "-1")
    assert "--rows-per-step: 0; 1 is the least" in refused("--rows-per-step", "0")
    write_bundle_of(tmp_path / "other", b"other weights")
    assert "a bank serves the encoder that embedded it" in refused("--bundle", str(tmp_path / "other"))
    assert "holds no studies.npz" in refused("--studies", str(tmp_path / "other"))

    def bank(name: str, **changes: object) -> str:
        paths = ArtifactPaths(invented.paths.bundle, tmp_path / name)
        write_bank_of(paths, **changes)  # type: ignore[arg-type]  # passed through
        return refused("--bank", str(paths.bank))

    assert "no candidate carries a label of any of the 25 phenotypes" in bank("unlabelled", labelled=False)
    lacking = bank("one-section", sections=("Left Ventricle",))
    assert "has the sections ['Left Ventricle'] and lacks ['Aorta'" in lacking
    spoiled = ArtifactPaths(invented.paths.bundle, tmp_path / "spoiled")
    write_bank_of(spoiled)
    vectors = np.load(spoiled.bank / "embeddings.npy", mmap_mode="r+")
    vectors[17, 3] = np.nan
    del vectors
    assert "the vector of candidate 17 holds NaN or infinity" in refused("--bank", str(spoiled.bank))


def test_a_bank_whose_text_may_not_be_shown(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wordings of the report language may be learned; where there are none, it is refused."""
    paths = ArtifactPaths(invented.paths.bundle, tmp_path / "hidden")
    write_bank_of(paths, text_may_be_shown=False)
    options = replace(options_of(invented, tmp_path / "B2"), bank=paths.bank)
    assert open_material(options).only_language
    phrases = json.loads((paths.bank / "phrases.json").read_text(encoding="utf-8"))
    (paths.bank / "phrases.json").write_text(json.dumps([row | {"key": None} for row in phrases]), encoding="utf-8")
    monkeypatch.setattr("index.candidate_bank.check_sizes", lambda *_: None)
    monkeypatch.setattr("index.bank_files.check_blocks", lambda *_: iter(()))
    with pytest.raises(UnusableBank, match="text_may_be_shown is false and no wording is one of the report language"):
        open_material(options)


def test_a_bundle_without_a_language_needs_a_bank_of_the_shipped_one(invented: Invented, tmp_path: Path) -> None:
    write_bundle_of(tmp_path / "speechless", phrases=None)
    options = replace(options_of(invented, tmp_path / "B2"), bundle=tmp_path / "speechless")
    assert open_material(options).language.phrases
    spoken = CandidateBank.open(invented.paths.bank, encoder_sha256=None)
    rows = json.loads((spoken.folder / "phrases.json").read_text(encoding="utf-8"))
    assert all(row["key"] for row in rows)  # why it may be learned from


def test_an_existing_folder_is_never_touched(
    invented: Invented, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "B2").mkdir()
    (tmp_path / "B2" / "mine").write_text("mine")
    assert run(monkeypatch, *invented.words(tmp_path / "B2")) == 2
    assert "exists already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "B2").iterdir()] == ["mine"]


@pytest.mark.parametrize("where", ["rows", "bundle"])
def test_a_full_disk_keeps_what_is_finished_and_says_so(
    where: str,
    invented: Invented,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    places = {
        "rows": "numpy.savez",
        "bundle": "service.site.bank_training.new_bundle.write_bundle",
    }
    with monkeypatch.context() as patched:
        patched.setattr(places[where], full)
        assert run(patched, *invented.words(tmp_path / "B2")) == 2
    message = " ".join(capsys.readouterr().err.split())
    assert "the disk is full" in message
    assert "give the same command again" in message
    assert [path.name for path in tmp_path.iterdir()] == [".B2.unfinished"]
    if where == "bundle":  # hours of training, which are not lost
        assert run(monkeypatch, *invented.words(tmp_path / "B2")) == 0, capsys.readouterr().err
        assert "training: there already" in capsys.readouterr().err
        assert (tmp_path / "B2" / "bundle.json").is_file()
