"""The word lists of this folder, each read once."""

import lzma
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_FIELD_FILES = ("field_words.txt", "../vocabulary.txt")


@cache
def field_words() -> frozenset[str]:
    """Words of echo reports, lower case: what is somebody's name as well is a word here first."""
    return frozenset(word for name in _FIELD_FILES for line in _lines(name) for word in line.split())


@cache
def abbreviations() -> frozenset[str]:
    """Abbreviations of echo reports, lower case; some are a name where they are written like one."""
    return frozenset(word for line in _lines("abbreviations.txt") for word in line.split())


@cache
def medical_parts() -> frozenset[str]:
    """Parts of German compound words of the field, lower case."""
    return frozenset(word for line in _lines("medical_parts.txt") for word in line.split())


@cache
def eponyms() -> dict[str, frozenset[str]]:
    """Eponym → words of which one must stand nearby; none where it stands for itself."""
    found: dict[str, frozenset[str]] = {}
    for line in _lines("eponyms.txt"):
        name, _, companions = line.partition(":")
        found[name.strip()] = frozenset(companions.split())
    return found


@cache
def english_words() -> frozenset[str]:
    """Common English words, and rare ones of medicine, lower case."""
    return _list("english_words")


@cache
def german_words() -> frozenset[str]:
    """German adjectives, participles and nouns, lower case; none is in `person_names`."""
    return _list("german_words")


@cache
def person_names() -> frozenset[str]:
    """Names of persons and places, lower case."""
    return _list("person_names")


def _list(name: str) -> frozenset[str]:
    return frozenset(lzma.decompress((_FOLDER / f"{name}.txt.xz").read_bytes()).decode("utf-8").split())


def _lines(name: str) -> list[str]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").casefold().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]
