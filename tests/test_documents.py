"""Documents cannot lie: the tree, the commands, the errors, the stages and the settings of README are what is there."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(heading: str) -> str:
    """The text of one README section."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section {heading!r}"
    return found[1]


def test_every_line_of_the_tree_exists_and_every_folder_has_a_line() -> None:
    listed = [line.split()[0] for line in block("Tree").splitlines() if line and line[0].isalnum()]
    assert [path for path in listed if not (ROOT / path).exists()] == []
    packages = {f"{path.name}/" for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert packages <= set(listed)


def test_make_words_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{word}:", makefile, re.MULTILINE), word


def test_modules_that_the_readme_runs_exist() -> None:
    for module in set(re.findall(r"-m (scripts\.[\w.]+)", README)):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module


def test_stage_table_names_existing_code() -> None:
    for path in re.findall(r"`((?:service|model|index)/[\w/.]+)`", block("The path of the data")):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("layer", ["model", "index", "service"])
def test_error_trees_are_drawn_as_they_are(layer: str) -> None:
    module = importlib.import_module(f"{layer}.errors")
    drawn = re.findall(r"^(?:[│ ]*[├└]── )?([A-Z]\w+)(?=\s{2,}|$)", module.__doc__ or "", re.MULTILINE)
    own = {
        name
        for name, thing in inspect.getmembers(module, inspect.isclass)
        if thing.__module__ == module.__name__ and issubclass(thing, Exception)
    }
    assert set(drawn) == own
