"""What is installed: a wheel of the product alone, whose commands all answer from a folder far from the checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.service.cli.command_tree import commands

ROOT = Path(__file__).parents[1]
PRODUCT = {"service", "model", "index"}
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
# One process for all commands: the import of torch takes longer than all their help.
_HELP_OF_ALL = """
import json, sys
import typer
import service
from service.cli.commands import app

group, said = typer.main.get_command(app), {}
for words in json.loads(sys.argv[1]):
    try:
        group.main([*words, "--help"], prog_name="echoscribe")
    except SystemExit as ended:
        said[" ".join(words)] = ended.code
print(json.dumps({"from": service.__file__, "exit": said}))
"""


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    """Standard output of a command that must succeed; path: the folder that Python imports from."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(path)} if path else {}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the checkout, laboratory and all: building leaves files beside the sources."""
    sources, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in (*PRODUCT, "scripts"):
        shutil.copytree(ROOT / name, sources / name, ignore=_LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", built, sources, cwd=built)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed into, without what it depends on."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]
    run(*pip, "install", "--no-deps", "--no-index", "--no-compile", "--target", target, wheel, cwd=target)
    return target


def test_the_wheel_holds_the_product_and_nothing_of_the_laboratory(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == PRODUCT
    assert not [name for name in names if "evaluation_arms" in name or "/tests/" in name or "scripts" in name]
    shipped = {"model/bundles/default/bundle.json", "index/banks/default/bank.json"}
    assert {*shipped, "model/echo/phrases/en.json", "service/site/identity/vocabulary.txt"} <= set(names)
    sources = {path.relative_to(ROOT).as_posix() for name in PRODUCT for path in (ROOT / name).rglob("*.py")}
    assert sources == {name for name in names if name.endswith(".py")}


def test_every_command_answers_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    tree = [list(words) for words, _ in commands()]
    assert len(tree) > 18
    out = run(sys.executable, "-c", _HELP_OF_ALL, json.dumps(tree), cwd=tmp_path, path=installed)
    told = json.loads(out.splitlines()[-1])
    assert Path(told["from"]).is_relative_to(installed)
    assert told["exit"] == {" ".join(words): 0 for words in tree}


def test_the_installed_program_runs_and_finds_what_ships(installed: Path, tmp_path: Path) -> None:
    program = installed / "bin" / "echoscribe"
    assert run(program, "--version", cwd=tmp_path, path=installed).startswith("echoscribe ")
    out = run(program, "train", "tokenizer", "--out", "made", cwd=tmp_path, path=installed)
    assert json.loads(out.splitlines()[-1])["tokens"] > 256
    assert (tmp_path / "made" / "tokenizer.json").is_file()
