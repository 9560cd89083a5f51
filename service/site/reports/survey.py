"""A first look at the whole table: which rows cannot be used, whose names it states, which words are no names."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.site.identity.deidentify import identity_of
from service.site.reports.mapping import ColumnMapping
from service.site.reports.table import TableRow

_LOWER_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_A-Z]{3,}(?![^\W\d_])")
_PATIENTS_OF_A_WORD = 3  # a word that three patients' reports write in lower case is taken for a word
_AFTER_CUE = re.compile(r"\b(?:by|with|from|to|dr|mr|mrs|ms)\.?\s+\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Survey:
    """faults: line → why the row is kept out. names: folded names in the CSV. words: folded words that are no names.

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
    studies: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    splits: dict[str, set[str]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)


def survey(rows: Iterable[TableRow], mapping: ColumnMapping) -> Survey:
    """Looks at every row once."""
    seen, count = _Seen(), 0
    for row in rows:
        count += 1
        fault = row.fault or _missing_id(row, mapping)
        if fault:
            seen.faults[row.line] = fault
        else:
            _take(row, mapping, seen)
    _mark_duplicates(seen)
    _mark_split_patients(seen)
    words = frozenset(word for word, writers in seen.writers.items() if len(writers) >= _PATIENTS_OF_A_WORD)
    return Survey(count, seen.faults, frozenset(seen.names), words - seen.names, frozenset(seen.studies))


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
        # words after "by", "with" ... may be a name in lower case, however many reports say it
        for word in set(_LOWER_WORD.findall(_AFTER_CUE.sub(" ", row.values[column]))):
            writers = seen.writers.setdefault(word.casefold(), set())
            if len(writers) < _PATIENTS_OF_A_WORD:
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
