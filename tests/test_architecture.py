"""The architecture holds: import contracts, file sizes, and light imports stay light."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("service", "model", "index", "scripts")
MAX_FILE_LINES = 300  # style: near 150, below 300 (starlette, segment-anything at their 90th percentile)
MAX_FUNCTION_LINES = 60
MAX_FOLDER_FILES = 20  # as house and README have it; `__init__.py` is not counted
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert path.stem not in BANNED_NAMES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in sources()}), ids=lambda folder: str(folder.relative_to(ROOT))
)
def test_a_folder_can_be_looked_over(folder: Path) -> None:
    files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MAX_FOLDER_FILES, files


@pytest.mark.parametrize("module", ["model.taxonomy", "model.study", "model.echo.taxonomy", "service.schemas"])
def test_names_can_be_read_without_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nothing_is_unpickled_by_the_service() -> None:
    """One file imports pickle, for the name of the error that `torch.load(weights_only=True)` raises."""
    tensors = (ROOT / "service/site/echoprime/tensors.py").read_text(encoding="utf-8")
    assert set(re.findall(r"\bpickle\.(\w+)", tensors)) == {"UnpicklingError"}
    for path in sources():
        if path.name == "tensors.py":
            continue
        if path.relative_to(ROOT).parts[0] == "scripts":
            continue
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        }
        assert not imported & {"pickle", "dill", "cloudpickle", "joblib"}, path
