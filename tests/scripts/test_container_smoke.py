"""The check of the image, without docker: it always builds, and its last line is JSON also when a step fails."""

import json
import subprocess
import sys

import pytest

from scripts import container_smoke


def test_a_step_that_fails_is_told_in_the_json_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def run(_: object, *arguments: str, seconds: float = 0.0) -> None:
        asked.append(arguments[0])
        if arguments[0] == "build":
            raise subprocess.CalledProcessError(17, ["docker", "compose", "build"])

    monkeypatch.setattr(container_smoke._Compose, "run", run)
    monkeypatch.setattr(sys, "argv", ["container_smoke"])
    with pytest.raises(SystemExit) as ended:
        container_smoke.main()
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (ended.value.code, reported["ok"], asked) == (1, False, ["build", "down"])
    assert "CalledProcessError" in reported["error"]
    assert "17" in reported["error"]
