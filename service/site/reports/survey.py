"""A first look at the whole table: which rows cannot be used, whose names it states, which words are no names."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.site.errors import TableError
from service.site.identity.deidentify import folds, identity_of
from service.site.identity.identity_patterns import AFTER_ROLES
from service.site.identity.known_words.kinds import kind_of
from service.site.identity.known_words.lists import person_names
from service.site.reports.mangled_identifiers import IdentifierColumns
from service.site.reports.mapping import ColumnMapping
from service.site.reports.table import TableRow

_LOWER_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_A-Z]{3,}(?![^\W\d_])")
_PATIENTS_OF_A_WORD = 3  # a word that three patients' reports write in lower case is taken for a word
_PATIENTS_OF_A_NOUN = 5  # a physician's name is in many reports as well, but without an article before it
# "keine Aszites", "an Amplatzer": an article or its like stands before a noun or a make, hardly before a name
_NOUN = re.compile(
    r"(?<![^\W\d_])(?i:der|die|das|des|dem|den|im|zum|zur|beim|(?:[mk]?ein|dies|jed|jen)e?[rsnm]?|the|an?|no|each|this)\s+"
    r"(?P<noun>[^\W\d_a-zäöüß][^\W\d_]{2,})(?![^\W\d_])"
)
_NAMED = re.compile(
    r"(?<![^\W\d_])(?:by|per|dr|prof|mrs?|ms|miss|herrn?|frau|laut)\b[. ]{1,2}(?P<after>[^\W\d_]+)", re.IGNORECASE
)
_AFTER_CUE = re.compile(r"\b(?:by|with|from|to|dr|mr|mrs|ms)\.?\s+\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Survey:
    """faults: line → why the row is kept out. names: folded names in the CSV. words: folded words that are no names.

    Words that are listed as names are never among them, nor are those that follow a title, a role or "by" in any row.
    studies: ids of all studies that have a row, usable or not.
    """

    rows: int
    faults: dict[int, str]
    names: frozenset[str]
    words: frozenset[str]
    studies: frozenset[str]


@dataclass
class _Seen:
    """What was seen of all rows so far."""

    faults: dict[int, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    writers: dict[str, set[int]] = field(default_factory=dict)
    nouns: dict[str, set[int]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    studies: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    splits: dict[str, set[str]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)


def survey(rows: Iterable[TableRow], mapping: ColumnMapping) -> Survey:
    """Looks at every row once. Raises TableError where a spreadsheet has changed identifiers."""
    seen, count = _Seen(), 0
    identifiers = IdentifierColumns((mapping.study, mapping.patient, *mapping.identifiers), mapping.plain_numbers)
    for row in rows:
        count += 1
        if row.fault is None:
            identifiers.take(row.line, row.values)
        fault = row.fault or _missing_id(row, mapping)
        if fault:
            seen.faults[row.line] = fault
        else:
            _take(row, mapping, seen)
    mangled = identifiers.mangled()
    if mangled:
        told = "; ".join(map(str, mangled))
        raise TableError(f"{told}. A spreadsheet did this: export the table again with these columns as text")
    _mark_duplicates(seen)
    _mark_split_patients(seen)
    return Survey(count, seen.faults, frozenset(seen.names), _words(seen), frozenset(seen.studies))


def _words(seen: _Seen) -> frozenset[str]:
    """Words that are no names by how the site's own reports use them."""
    lower = {word for word, writers in seen.writers.items() if len(writers) >= _PATIENTS_OF_A_WORD}
    nouns = {word for word, writers in seen.nouns.items() if len(writers) >= _PATIENTS_OF_A_NOUN} - seen.named
    unlisted = {word for word in nouns if not folds(word) & person_names()}
    return frozenset(({word for word in lower if not _is_name(word)} | unlisted) - seen.names)


def _is_name(word: str) -> bool:
    """Whether a word is listed as a name and is no word of a language; three reports may write a name in lower case."""
    return kind_of(word, folds(word), of_field=False, titled=False) == "name"


def _missing_id(row: TableRow, mapping: ColumnMapping) -> str | None:
    if not row.values[mapping.study].strip():
        return "no_study_id"
    return None if row.values[mapping.patient].strip() else "no_patient_id"


def _take(row: TableRow, mapping: ColumnMapping, seen: _Seen) -> None:
    study, patient = (row.values[column].strip() for column in (mapping.study, mapping.patient))
    digest = hashlib.sha256("\0".join(row.values[column] for column in mapping.columns).encode()).digest()
    seen.studies.setdefault(study, []).append((row.line, digest))
    seen.lines.setdefault(patient, []).append(row.line)
    if mapping.split is not None:
        seen.splits.setdefault(patient, set()).add(row.values[mapping.split].strip())
    seen.names |= identity_of((row.values[column] for column in mapping.names), ()).names
    writer = hash(patient)
    for column in filter(None, (mapping.text, *mapping.sections.values())):
        text = row.values[column]
        # words after "by", "with" ... may be a name in lower case, however many reports say it
        _count(seen.writers, _LOWER_WORD.findall(_AFTER_CUE.sub(" ", text)), writer, _PATIENTS_OF_A_WORD)
        _count(seen.nouns, _NOUN.findall(text), writer, _PATIENTS_OF_A_NOUN)
        seen.named |= {
            match["after"].casefold() for pattern in (_NAMED, AFTER_ROLES) for match in pattern.finditer(text)
        }


def _count(counted: dict[str, set[int]], words: Iterable[str], writer: int, most: int) -> None:
    """Adds a patient to those whose reports hold each word, up to a number that decides."""
    for word in {word.casefold() for word in words}:
        writers = counted.setdefault(word, set())
        if len(writers) < most:
            writers.add(writer)


def _mark_duplicates(seen: _Seen) -> None:
    """The same row again: the first stays. The same study with another content: nobody can tell which is right."""
    for found in seen.studies.values():
        same = len({digest for _, digest in found}) == 1
        for line, _ in found[1:] if same else found:
            seen.faults[line] = "duplicate_study" if same else "duplicate_study_with_other_content"


def _mark_split_patients(seen: _Seen) -> None:
    for patient, splits in seen.splits.items():
        if len(splits) > 1:
            seen.faults |= dict.fromkeys(seen.lines[patient], "patient_in_two_splits")
