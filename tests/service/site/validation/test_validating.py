"""From a site's folder and CSV to its evaluation, on invented patients and the shipped bundle."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from model.bundle import read_bundle, write_bundle
from model.echo import phrases
from service.settings import shipped_bank, shipped_bundle
from tests.service.cli.command_line import run

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
NAMES = ("MUSTER_MARIA", "HERTZ_HEINRICH", "CURIE_MARIE")


def validate(monkeypatch: pytest.MonkeyPatch, site: Path, bundle: Path | None = None, *more: str) -> int:
    folders = ("--bundle", bundle or shipped_bundle(), "--bank", shipped_bank(), "--studies", site / "studies")
    files = ("--reports", site / "signed.csv", "--out", site / "out", "--mode", "retrieval")
    return run(monkeypatch, "validate", *folders, *files, *more)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "studies" / name).mkdir(parents=True)
        shutil.copyfile(CINE, tmp_path / "studies" / name / "clip.dcm")
    (tmp_path / "studies" / "unsigned").mkdir()
    text = "Severe mitral regurgitation. Normal left atrial size. The patient is well."
    rows = [f'{name},{name} born 1950,"{text}"' for name in (*NAMES, "without a study")]
    (tmp_path / "signed.csv").write_text("\n".join(["study,patient,report", *rows]) + "\n", encoding="utf-8")
    return tmp_path


def test_a_site_gets_its_figures_and_no_name_leaves(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate(monkeypatch, site) == 0
    printed = capsys.readouterr().out
    summary = json.loads((site / "out" / "eval-site.json").read_text())
    assert sum(part["studies"] for part in summary["parts"].values()) == 3
    assert sum(part["signed_sentences_unread"] for part in summary["parts"].values()) == 3
    assert {"reports without a study: 1", "studies without a report: 1"} <= set(summary["kept_out"])
    page = (site / "out" / "EVAL-site.md").read_text()
    assert "mitral_regurgitation" in page
    for text in (page, printed, json.dumps(summary)):
        assert not any(name.split("_")[0] in text for name in NAMES)
    with (site / "out" / "split.csv").open() as file:
        split = {row["study"]: row["part"] for row in csv.DictReader(file)}
    assert split.keys() == {*NAMES, "without a study"}
    assert set(split.values()) <= {"development", "test"}


def bilingual_bundle(folder: Path) -> Path:
    shutil.copytree(shipped_bundle(), folder)
    shutil.copyfile(Path(phrases.__path__[0]) / "de.json", folder / "de.json")
    write_bundle(folder, read_bundle(shipped_bundle()).model_copy(update={"languages": {"de": "de.json"}}))
    return folder


def test_german_reports_are_read_by_their_meaning(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def signed_as(text: str, *more: str) -> object:
        rows = [f'{name},p,"{text}"' for name in NAMES]
        (site / "signed.csv").write_text("\n".join(["study,patient,report", *rows]) + "\n", encoding="utf-8")
        assert validate(monkeypatch, site, bundle, *more) == 0
        return json.loads((site / "out" / "eval-site.json").read_text())["parts"]

    bundle = bilingual_bundle(tmp_path / "bilingual")
    english = signed_as("Severe mitral regurgitation. Normal left atrial size.")
    assert signed_as("Hochgradige Mitralinsuffizienz. Normale Größe des linken Vorhofs.", "--lang", "de") == english
    assert validate(monkeypatch, site, bundle, "--lang", "fr") == 2
    assert "--lang: the bundle reads en, de, not 'fr'" in capsys.readouterr().err


def test_mistakes_are_one_line_and_leave_nothing(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "signed.csv").write_text("study,patient,report\nother,p,Normal.\n")
    assert validate(monkeypatch, site) == 2
    assert "no study is both there and signed" in capsys.readouterr().err
    assert not (site / "out").exists()
