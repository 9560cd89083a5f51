"""The script from encoded studies to the files of a decoder, arm by arm."""

import json
from pathlib import Path

import pytest

from model.echo.phrases.reader import english
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.writing.build import load_decoder
from scripts.rendered.train_decoder import ARMS, arguments, config_of, main
from service.artifacts import ArtifactPaths
from service.site.decoder_training.decoder_loop import CONFIG_FILE
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.decoder_training.reserved import Reserved
from service.site.training.curve import CURVE
from service.site.training.fit import LOG
from tests.scripts.rendered.training.retrieval_material import encoded, write_material


def words(folder: Path, out: Path, *more: str) -> list[str]:
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    if not paths.bundle.exists():
        write_material(folder)
        encoded().write(folder / "queries")
    given = ["--queries", str(folder / "queries"), "--bundle", str(paths.bundle), "--bank", str(paths.bank)]
    small = ["--held-out", "1", "--steps", "20", "--rows-per-step", "2", "--threads", "1", "--device", "cpu"]
    return [*given, "--out", str(out), *small, *more]


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: list[str]) -> dict[str, object]:
    monkeypatch.setattr("sys.argv", ["train_decoder", *given])
    main()
    result: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return result


def test_an_arm_is_trained_written_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="the curve is drawn with the extra `train`")
    out = tmp_path / "out"
    more = ("--arm", "rag", "--studies", "3", "--without-wordings", "0.15", "--without-findings", "6")
    result = run(monkeypatch, capsys, words(tmp_path, out, *more))
    assert result["arm"] == "rag"
    # Types: parsed JSON.
    assert set(result["held_out"]) == {"as_served", "without_phenotypes", "other_video"}  # type: ignore[call-overload]  # a mapping of JSON
    config = DecoderConfig.model_validate_json((out / CONFIG_FILE).read_text())
    load_decoder(out, config)
    tokenizer = ReportTokenizer.read(out / "tokenizer.json")
    assert tokenizer.size == config.vocabulary
    assert len(Reserved.read(out).wordings) == round(0.15 * len(english().phrases))
    assert set(json.loads((out / LOG).read_text().splitlines()[0])) >= {"step", "loss", "text", "findings", "seconds"}
    assert (out / CURVE).stat().st_size > 1000


def test_arms_differ_in_what_they_read_and_in_nothing_else(tmp_path: Path) -> None:
    tokenizer = report_tokenizer(english())
    write_material(tmp_path)
    configs = {
        arm: config_of(arguments(words(tmp_path, tmp_path / "out", "--arm", arm)), tokenizer) for arm in sorted(ARMS)
    }
    assert {arm for arm, config in configs.items() if config.reads_phenotypes} == {"rag", "generate"}
    assert {arm for arm, made in ARMS.items() if made.recipe.none < 1} == {"rag", "rag_without_phenotypes"}
    same = {config.model_copy(update={"reads_phenotypes": True}).model_dump_json() for config in configs.values()}
    assert len(same) == 1


def test_too_few_studies_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train_decoder", *words(tmp_path, tmp_path / "out"), "--held-out", "10"])
    with pytest.raises(ValueError, match="held out"):
        main()
