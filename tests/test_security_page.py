"""SECURITY.md names tests that there are, and every test of an attack or a promise is named there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
# Files whose tests are promises: each must be named.
HELD = (
    *("tests/service/http/test_attacks.py", "tests/service/http/test_start_failures.py", "tests/test_supply.py"),
    *("tests/service/study/test_artifact_watch.py", "tests/service/study/test_conditions.py"),
    *("tests/index/test_bank_files.py", "tests/scripts/test_fuzz.py", "tests/service/test_observed_machine.py"),
    *(str(path.relative_to(ROOT)) for path in (ROOT / "tests/service/ingest/attacks").glob("test_*.py")),
)


def named() -> list[tuple[str, str | None]]:
    """(file, function or None) of every test that the page names."""
    found = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    return [(file, function or None) for file, function in found]


def test_every_promise_has_a_test_and_a_figure() -> None:
    assert len(PROMISES) > 20
    for line in PROMISES:
        promise, test, figure = (cell.strip() for cell in line.strip("|").split("|"))
        assert promise
        assert "`tests/" in test, line
        assert figure, line


def test_every_test_that_is_named_is_there() -> None:
    for file, function in named():
        path = ROOT / file
        assert path.is_file(), file
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function is None or function in functions, f"{file}::{function}"


def test_every_test_of_a_promise_is_named() -> None:
    assert set(HELD) - {file for file, _ in named()} == set()


def test_the_parts_of_the_service_have_their_sections() -> None:
    wanted = ("Files from strangers", "Identity", "Artifacts", "True words", "Sight", "Supply")
    parts = ("Durable work", "Store", "Access", "Pressure")
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == [*wanted, *parts]
