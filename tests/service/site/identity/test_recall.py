"""Planted identifiers over whole tables: none may be in what is stored; clean tables lose few rows."""

import re

import pytest

from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.phrase_reader import PhraseReader
from scripts.rendered.site_reports.messy_reports import MAPPING, MessyTable, messy_table
from service.site.identity.deidentify import Deidentifier, shipped_words
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.headings import HeadingMap
from service.site.reports.mapping import ColumnMapping, read_mapping
from service.site.reports.reports import RowReader, RowReading
from service.site.reports.survey import survey
from service.site.reports.table import read_table

LANGUAGES = [english(), german().language]


def read(table: MessyTable, folder: pytest.TempPathFactory) -> dict[str, list[RowReading]]:
    path = folder.mktemp("table")
    (path / "r.csv").write_bytes(table.csv)
    (path / "m.yaml").write_text(MAPPING)
    mapping: ColumnMapping = read_mapping(path / "m.yaml")
    looked = survey(read_table(path / "r.csv", mapping), mapping)
    wordings = " ".join(phrase.template for language in LANGUAGES for phrase in language.phrases).casefold()
    reader = RowReader(
        mapping=mapping,
        headings=HeadingMap((*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections), mapping.headings),
        readers=[PhraseReader(language) for language in LANGUAGES],
        deidentifier=Deidentifier(
            frozenset(re.findall(r"[^\W\d_]+", wordings)) | shipped_words() | looked.words, looked.names
        ),
        pseudonyms=Pseudonyms(b"k" * 16),
        phenotypes=ECHO_TAXONOMY.phenotypes,
    )
    rows = [row for row in read_table(path / "r.csv", mapping) if row.line not in looked.faults]
    readings = [reader.read(row) for row in rows]
    return {
        "kept": [reading for reading in readings if reading.report],
        "aside": [reading for reading in readings if reading.doubts],
    }


@pytest.mark.parametrize("seed", [11, 12])
def test_planted_identifiers_are_found_nowhere(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    table = messy_table(seed, 120, LANGUAGES)
    found = read(table, tmp_path_factory)
    stored = "\n".join(s.text or "" for r in found["kept"] if r.report for s in r.report.sentences).casefold()
    leaked = [m for m in table.markers if re.search(rf"(?<!\w){re.escape(m.text.casefold())}(?!\w)", stored)]
    assert len(table.markers) > 900
    assert 1 - len(leaked) / len(table.markers) >= 0.99, leaked
    assert len(found["kept"]) > 60  # it does not win by keeping nothing


def test_of_a_clean_table_few_rows_are_put_aside(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = read(messy_table(13, 100, LANGUAGES, planted=False), tmp_path_factory)
    assert len(found["aside"]) <= 0.05 * (len(found["aside"]) + len(found["kept"]))
