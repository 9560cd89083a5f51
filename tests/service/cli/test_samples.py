"""Further drafts on the command line: drawn, the same from the same seed, beside a report that is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from tests.service.cli.command_line import run

CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))


def answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert run(monkeypatch, "report", CINE, "--json", "-", *options) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_drafts_differ_by_their_seed_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plain = answer(monkeypatch, capsys)
    two = answer(monkeypatch, capsys, "--samples", "2", "--temperature", "1.5", "--seed", "5")
    one = answer(monkeypatch, capsys, "--samples", "1", "--temperature", "1.5", "--seed", "6")
    assert plain["samples"] == []
    assert [draft["seed"] for draft in two["samples"]] == [5, 6]
    assert two["samples"][1] == one["samples"][0]
    assert two["samples"][0]["sections"] != two["samples"][1]["sections"]
    assert two["sections"] == plain["sections"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--samples", "9"), "samples: must lie in 1..8, not 9"),
        (("--samples", "1", "--temperature", "0"), "temperature: must lie above 0"),
        (("--samples", "1", "--mode", "retrieval"), "samples: mode 'retrieval' quotes"),
        (("--seed", "3"), "--samples says how many"),
    ],
)
def test_mistakes_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], text: str
) -> None:
    assert run(monkeypatch, "report", CINE, *options) == 2
    assert text in capsys.readouterr().err
