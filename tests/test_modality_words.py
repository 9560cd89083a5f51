"""Only a modality's own rooms know its name: words of echo elsewhere stand in a list, each file with its reason."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = re.compile(r"(?i)(?<![a-z])(views?|cines?|sectors?|ejection|ventric\w*|echo(?!scribe)\w*)(?![a-z])")
# Rooms of echo, and what is named for it or reads files that only it has.
OWN_ROOMS = ("model/echo/", "service/modalities/echo/", "service/site/echoprime/", "service/site/weights/")

VIEWS = "views are part of the contract with modalities that have some; one that has none leaves them empty"
CINE = "a format, not an organ: cines of every modality are read here, and a DICOM header states their sector"
NAMED = "names the modality in the explicit table, or a command or package by its own name"
EXAMPLE = "an example or a docstring that shows one modality's names as an example"
REASONS: dict[str, str] = {}


def lines_with_words() -> dict[str, list[str]]:
    """File → its lines that hold a word of echo, outside of echo's rooms."""
    found: dict[str, list[str]] = {}
    for package in ("model", "index", "service"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(OWN_ROOMS) and Path(name).stem.split("_")[0] not in {"echo", "echoprime"}:
                lines = [line for line in path.read_text(encoding="utf-8").splitlines() if WORDS.search(line)]
                if lines:
                    found[name] = lines
    return found


def test_every_file_with_a_word_of_echo_has_its_reason() -> None:
    found = lines_with_words()
    assert {name: found[name][:2] for name in found.keys() - REASONS.keys()} == {}


def test_no_reason_stands_for_a_file_without_such_a_word() -> None:
    assert REASONS.keys() - lines_with_words().keys() == set()
