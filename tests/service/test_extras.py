"""Without an extra, a command that needs it says so in one line before it begins; the others do not notice."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.extras import EXTRAS, ExtraMissing, require_extra
from tests.service.cli.command_line import run

ROOT = Path(__file__).parents[2]
_WITHOUT = """
import runpy, sys
sys.modules["matplotlib"] = None  # as if it were not installed
sys.argv = [{module!r}, *{arguments!r}]
runpy.run_module({module!r}, run_name="__main__")
"""


@pytest.fixture
def no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def without_matplotlib(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a module in a Python that has no matplotlib."""
    code = _WITHOUT.format(module=module, arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_extras_are_those_of_the_project_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra, packages in EXTRAS.items():
        stated = text.split(f"\n{extra} = [", 1)[1].split("]", 1)[0]
        assert all(f'"{package}' in stated for package in packages)


def test_what_is_missing_is_named_with_its_extra(no_matplotlib: None) -> None:
    with pytest.raises(ExtraMissing, match=r"matplotlib, which the extra \[train\] brings"):
        require_extra("train")


def test_a_command_says_it_before_it_reads_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], no_matplotlib: None
) -> None:
    names = ("taxonomy", "manifest", "embeddings", "reports")
    files = [word for name in names for word in (f"--{name}", str(tmp_path / name))]
    assert run(monkeypatch, "train", "embeddings", *files, "--out", tmp_path / "out", "--curve") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "[train]" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["evaluate", "train_decoder"])
def test_scripts_of_the_laboratory_say_it_in_one_line(tmp_path: Path, verb: str) -> None:
    words = {
        "evaluate": ["--tiny", "--cache", "{0}/cache"],
        "train_decoder": ["--queries", "{0}", "--bundle", "{0}", "--bank", "{0}", "--arm", "rag", "--out", "{0}/out"],
    }[verb]
    done = without_matplotlib(f"scripts.rendered.{verb}", *(word.format(tmp_path) for word in words))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "[train]" in line
    assert list(tmp_path.iterdir()) == []


def test_reading_and_training_do_not_need_it() -> None:
    done = without_matplotlib("service.cli.entry", "train", "embeddings", "--help")
    assert done.returncode == 0, done.stderr
