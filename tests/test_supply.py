"""What is installed is what was pinned: every package with its hashes, its licence, and a place in the SBOM."""

import json
import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.supply import LICENCES, LOCK, SBOM, licence_rows, pinned, sbom

ROOT = Path(__file__).parents[1]


def locked() -> dict[str, list[str]]:
    """`name==version` → its hashes."""
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {line[0]: [part for part in line[1:] if part.startswith("--hash=")] for line in lines}


def test_every_hash_is_one_of_a_pinned_package() -> None:
    lock, wanted = locked(), {f"{name}=={version}" for name, version in pinned().items()}
    right = re.compile(r"--hash=sha256:[0-9a-f]{64}")
    assert set(lock) <= wanted
    assert [name for name, hashes in lock.items() if not hashes or not all(map(right.fullmatch, hashes))] == []


def test_every_pinned_package_has_its_hashes() -> None:
    lock, wanted = locked(), {f"{name}=={version}" for name, version in pinned().items()}
    assert set(lock) == wanted
    bad = [
        name for name, hashes in lock.items() if not all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", h) for h in hashes)
    ]
    assert bad == []
    assert [name for name, hashes in lock.items() if not hashes] == []


def test_what_is_installed_here_is_what_is_pinned() -> None:
    """Of the packages that both name: an environment may hold more."""
    different = {}
    for name, version in pinned().items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if found.partition("+")[0] != version:
            different[name] = (found, version)
    assert different == {}


def test_every_dependency_that_is_named_is_pinned() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'^\s*"([A-Za-z0-9][\w.\-\[\]]*(?:[><=]=[^"]*))"', text, re.MULTILINE)
    names = {canonicalize_name(Requirement(one).name) for one in named} - {"setuptools", "faiss-gpu"}
    assert names - pinned().keys() == set()


def test_the_table_of_licences_is_that_of_the_wheels() -> None:
    page = LICENCES.read_text(encoding="utf-8")
    rows = licence_rows()
    assert [row for row in rows if row not in page] == []
    assert "x264" in page
    assert "x265" in page


def test_the_sbom_lists_what_is_pinned() -> None:
    stored = json.loads(SBOM.read_text(encoding="utf-8"))
    assert stored["bomFormat"] == "CycloneDX"
    assert stored == sbom(locked())
