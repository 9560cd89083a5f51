"""`all_phr.json` → the bank's phrase table, and the numbering by which a release's reports name phrases."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.phrase_table import PhraseRow, PhraseTable
from model.taxonomy import Taxonomy
from service.site.echoprime.errors import ReleaseMismatch
from service.site.reports.numberless import PLACEHOLDER, numberless


@dataclass(frozen=True, eq=False)
class ReleasePhrases:
    """The phrases of a release.

    sections: names in file order; a report's section_id is the position here.
    first: int64 (S,) global id of each section's first phrase. counts: int64 (S,) phrases of each section.
    slotted: bool (P,) the phrase has a placeholder.
    """

    table: PhraseTable
    sections: tuple[str, ...]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    slotted: NDArray[np.bool_]


def read_phrases(path: Path, taxonomy: Taxonomy) -> ReleasePhrases:
    """The phrases of a release, numbered through the groups of each section in file order.

    Raises ReleaseMismatch when the file has another form or lacks a section of the taxonomy.
    """
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReleaseMismatch(f"{path}: cannot be read as phrases ({error})") from error
    if not isinstance(stated, dict):
        raise ReleaseMismatch(f"{path}: holds a {type(stated).__name__}, an object of sections is expected")
    lacking = sorted(set(taxonomy.sections) - set(stated))
    if lacking:
        raise ReleaseMismatch(f"{path}: has no section {lacking}")
    sections = {section: list(_templates(path, section, groups)) for section, groups in stated.items()}
    table = PhraseTable(tuple(_rows(sections)))
    counts = np.array([len(phrases) for phrases in sections.values()], dtype=np.int64)
    slotted = np.array([row.slot is not None for row in table], dtype=bool)
    return ReleasePhrases(table, tuple(sections), np.cumsum(counts) - counts, counts, slotted)


def _templates(path: Path, section: str, groups: Any) -> Iterator[tuple[str, str]]:
    """(group, template) of a section; a section may list its phrases without groups."""
    for group, templates in ({"": groups} if isinstance(groups, list) else groups).items():
        for template in templates:
            if not isinstance(template, str):
                raise ReleaseMismatch(f"{path}: {section} / {group} holds {template!r}, a phrase is expected")
            yield group, template


def _rows(sections: dict[str, list[tuple[str, str]]]) -> Iterator[PhraseRow]:
    phrase_id = 0
    for section, phrases in sections.items():
        for group, template in phrases:
            yield _row(phrase_id, section, group, template)
            phrase_id += 1


def _row(phrase_id: int, section: str, group: str, template: str) -> PhraseRow:
    """A phrase with both kinds of placeholder is filled by one value, as all of its placeholders are."""
    kinds = [placeholder.strip("<>") for placeholder in PLACEHOLDER.findall(template)]
    slot = "numerical" if "numerical" in kinds else (kinds or [None])[0]
    return PhraseRow(phrase_id, section, group, template, numberless(template), slot)
