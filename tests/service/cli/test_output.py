"""Progress goes to stderr: a bar on a terminal, elsewhere lines that do not come too often."""

import itertools

import pytest
from rich.console import Console

from service.cli import output
from service.cli.output import observed


def test_elsewhere_a_line_comes_at_most_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = itertools.count(0, 3)
    monkeypatch.setattr("service.cli.output.time.monotonic", lambda: float(next(clock)))
    with observed() as observer:
        observer.say("weights")
        for done in range(1, 9):
            observer.advance("reports", done, 8)
    captured = capsys.readouterr()
    assert captured.out == ""
    first, *lines = captured.err.splitlines()
    assert first == "    3.0 s  weights"
    assert 1 <= len(lines) <= 3
    assert all(line.split("s  ")[1].startswith("reports: ") for line in lines)


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(output, "stderr", Console(stderr=True, force_terminal=True, highlight=False, width=100))
    with observed() as observer:
        observer.say("weights [cpu]")
        observer.advance("reports", 3, 8)
        observer.advance("reports", 8, 8)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "weights [cpu]" in captured.err
    assert "8/8" in captured.err
