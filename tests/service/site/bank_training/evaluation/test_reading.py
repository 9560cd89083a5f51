"""What a text says: findings, numbers, labels; and which findings count as abnormal."""

import numpy as np
import pytest

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader
from service.site.bank_training.evaluation.reading import (
    Read,
    TextReader,
    abnormal_findings,
    finding_table,
    label_columns,
)

LANGUAGE = english()


@pytest.fixture
def reader() -> TextReader:
    return TextReader(LANGUAGE, PhraseReader(LANGUAGE).findings_in)


def test_findings_numbers_and_labels_are_read_by_section(reader: TextReader) -> None:
    phrase = next(p for p in LANGUAGE.phrases if p.slot == "ejection_fraction")
    text = phrase.template.replace("<ejection_fraction>", "34")
    read = reader.of({phrase.section: [text], "Aorta": ["Nobody says this."]})
    assert read.labels["ejection_fraction"] == 34
    assert {finding for _, finding in read.findings} >= set(phrase.findings)
    assert {section for section, _ in read.findings} <= {phrase.section}
    assert np.isnan(read.labels["impella"])


def test_a_number_that_is_stated_twice_with_two_values_is_unknown(reader: TextReader) -> None:
    phrase = next(p for p in LANGUAGE.phrases if p.slot == "ejection_fraction")
    texts = [phrase.template.replace("<ejection_fraction>", number) for number in ("34", "60")]
    assert np.isnan(reader.of({phrase.section: texts}).labels["ejection_fraction"])


def test_usual_and_normal_values_are_no_abnormality() -> None:
    def said(*values: tuple[str, str]) -> Read:
        return Read(frozenset(("S", Finding(name, value)) for name, value in values), {})

    reports = [said(("shape", "three"), ("leak", "none"))] * 7 + [said(("shape", "two"), ("leak", "severe"))] * 3
    found = abnormal_findings(reports, least=3)
    assert found == (("S", Finding("leak", "severe")), ("S", Finding("shape", "two")))
    assert abnormal_findings(reports, least=4) == ()
    assert finding_table(reports, found).sum(axis=0).tolist() == [3, 3]


def test_labels_become_columns() -> None:
    columns = label_columns([Read(frozenset(), {"a": 1.0}), Read(frozenset(), {})], ["a"])
    np.testing.assert_array_equal(columns["a"], [1.0, np.nan])
