"""The command line as a user calls it, in this process."""

import sys
from pathlib import Path

import pytest

from service.cli.commands import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Exit status of `echoscribe` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["echoscribe", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
