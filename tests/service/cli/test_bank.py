"""`echoscribe bank` and `pseudonym` from a site's files to a bank: results on stdout, one JSON line last."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.cli.command_line import run
from tests.service.site.small_site import SmallSite, small_site


@pytest.fixture
def site(tmp_path: Path) -> SmallSite:
    return small_site(tmp_path, 24, planted=False)


def words(site: SmallSite, *more: str) -> tuple[str, ...]:
    files = ("--reports", site.folder / "reports.csv", "--mapping", site.folder / "columns.yaml")
    vectors = ("--embeddings", site.folder / "X.npy", "--embedding-ids", site.folder / "ids.txt")
    return (*map(str, (*files, *vectors)), *own(site), *more)


def own(site: SmallSite) -> tuple[str, ...]:
    given = ("--key-file", site.folder / "site.key", "--out", site.bank, "--bundle", site.folder / "bundle")
    return tuple(map(str, given))


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_a_bank_is_built_grows_and_shrinks(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bank", "build", *words(site, "--dry-run")) == 0
    captured = capsys.readouterr().out.splitlines()
    assert len(captured) > 5  # the coverage, then the JSON
    assert "candidates" not in json.loads(captured[-1])
    assert run(monkeypatch, "bank", "build", *words(site, "--name", "ours")) == 0
    built = last_line(capsys)
    assert json.loads((site.bank / built["version"] / "bank.json").read_text())["name"] == "ours"
    assert run(monkeypatch, "bank", "append", *words(site)) == 0
    assert last_line(capsys)["rejected"]["already_in_bank"] == built["candidates"]
    patients = [word for mrn in sorted(set(site.table.patients.values()))[:2] for word in ("--patient", mrn)]
    study = ("--study", str(site.table.good[-1]))
    assert run(monkeypatch, "bank", "delete", *patients, *study, *own(site)) == 0
    left = last_line(capsys)
    assert left["candidates"] == built["candidates"] - left["deleted"]
    assert left["deleted"] >= 2


def test_mistakes_of_a_bank_are_one_line_and_status_2(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, told in (
        (("append", *words(site)), "`echoscribe bank build` makes one"),
        (("delete", *own(site)), "--patient ID"),
        (("build", *words(site, "--studies", "S")), "--studies and --embeddings"),
        (("build", *words(site, "--reports", str(site.folder / "gone.csv"))), "gone.csv"),
    ):
        assert run(monkeypatch, "bank", *command) == 2
        captured = capsys.readouterr()
        (line,) = captured.err.splitlines()
        assert told in line
        assert captured.out == ""


def test_pseudonyms_are_those_of_the_bank(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "pseudonym", "--key-file", site.folder / "site.key", "MRN-1", " MRN-1 ", "MRN-2") == 0
    first, same, other = capsys.readouterr().out.split()
    assert first == same != other
    assert len(first) == 32
