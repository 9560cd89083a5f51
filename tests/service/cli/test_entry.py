"""The entry point runs the command line, and leaves the garbage collector as it should be while serving."""

import json
import os
import subprocess
import sys

import pytest

from service.cli.entry import main


def test_the_collector_works_again_and_leaves_imports_alone() -> None:
    script = """
import gc, json, sys
import service.cli.commands
found = lambda: [gc.isenabled(), gc.get_freeze_count() > 100_000, "pandas" in sys.modules]
service.cli.commands.app = lambda: print(json.dumps(found()))
from service.cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False]


def test_it_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["echoscribe", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "serve" in capsys.readouterr().out


def test_threads_sleep_while_they_wait_unless_told_otherwise() -> None:
    """GNU OpenMP itself tells, on its first use, how its threads wait."""
    script = """
import sys
sys.argv = ["echoscribe", "--help"]
from service.cli.entry import main
main()
"""
    for stated, expected in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        environment |= {"OMP_DISPLAY_ENV": "TRUE"} | ({} if stated is None else {"OMP_WAIT_POLICY": stated})
        done = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment
        )
        reported = [line for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line]
        assert reported, "no OpenMP library told its settings"
        assert all(f"'{expected}'" in line for line in reported)
