"""What a language can be asked, and what makes a phrase file unusable."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.errors import LanguageError
from model.report.language.language import Finding, Language


def _fields(**changes: Any) -> dict[str, Any]:
    phrase = {
        "phrase_id": "a.1",
        "section": "A",
        "group": "a",
        "template": "It is mildly wide at <width> mm.",
        "numberless": "It is mildly wide.",
        "findings": [["size", "mild"]],
    }
    fields: dict[str, Any] = {
        "language": "en",
        "slots": [{"name": "width", "unit": "mm", "low": 1, "high": 50, "decimals": 0, "phenotype": None}],
        "phrases": [phrase, phrase | {"phrase_id": "a.2", "template": "It is wide.", "numberless": "It is wide."}],
        "bands": [
            {"slot": "width", "finding": "size", "value": "normal", "low": 0, "high": 20},
            {"slot": "width", "finding": "size", "value": "mild", "low": 20, "high": 99},
        ],
        "labels": [{"phenotype": "wide", "finding": "size", "positive": ["mild"], "negative": ["normal"]}],
        "contradictions": [
            {"name": "both", "text": "Both.", "first": ["size", ["mild"]], "second": ["shape", ["round"]]}
        ],
    }
    return fields | changes


def _with_phrase(**changes: Any) -> dict[str, Any]:
    fields = _fields()
    return fields | {"phrases": [fields["phrases"][0] | changes]}


def test_a_number_fills_its_slot_rounded_or_leaves_the_numberless_wording() -> None:
    language = Language.from_fields(_fields())
    phrase = language.by_id["a.1"]
    assert language.fill(phrase, 21.6) == "It is mildly wide at 22 mm."
    assert language.fill(phrase, None) == language.fill(phrase, 51) == "It is mildly wide."
    assert language.fill(language.by_id["a.2"], 21.6) == "It is wide."


def test_the_number_as_stated_decides_the_words() -> None:
    language = Language.from_fields(_fields())
    assert language.finding_for("width", 19.4) == Finding("size", "normal")
    assert language.finding_for("width", 19.6) == Finding("size", "mild")  # stated as 20
    assert language.finding_for("width", 120) is None


def test_wordings_are_found_by_section_and_finding() -> None:
    language = Language.from_fields(_fields())
    assert language.phrases_stating["A", Finding("size", "mild")] == language.phrases


def test_only_numbers_that_are_labels_are_required() -> None:
    assert Language.from_fields(_fields()).label_slots == {}
    labelled = Language.from_fields(_fields(labels=[{"phenotype": "width", "slot": "width"}]))
    assert labelled.label_slots == {"size": "width"}


def test_contradictions_need_both_sides() -> None:
    language = Language.from_fields(_fields())
    one, other = Finding("size", "mild"), Finding("shape", "round")
    assert language.contradicted_by([one]) == ()
    assert [rule.name for rule in language.contradicted_by([one, other])] == ["both"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (_with_phrase(template="At <height> mm."), "unknown slot <height>"),
        (_with_phrase(template="Grade 2."), "digit"),
        (_with_phrase(template="<width> by <width> mm."), "one slot"),
        (_with_phrase(numberless="<width> mm."), "one slot"),
        (_fields(bands=[{"slot": "x", "finding": "size", "value": "mild", "low": 0, "high": 1}]), "unknown slot 'x'"),
        (_fields(labels=[{"phenotype": "p", "slot": "x"}]), "unknown slot 'x'"),
        (_fields(slots=[{"name": "width"}]), "phrase file"),
        ({}, "phrase file"),
    ],
)
def test_a_misfit_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(LanguageError, match=message):
        Language.from_fields(fields)


def test_phrase_ids_are_distinct() -> None:
    fields = _fields()
    with pytest.raises(LanguageError, match="distinct"):
        Language.from_fields(fields | {"phrases": fields["phrases"][:1] * 2})


def test_superscript_units_are_no_digits() -> None:
    assert Language.from_fields(_with_phrase(template="<width> ml/m².", numberless="Wide."))


def test_a_file_is_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "en.json"
    path.write_text(json.dumps(_fields()), encoding="utf-8")
    assert Language.read(path).language == "en"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(LanguageError, match=r"en\.json"):
        Language.read(path)
    with pytest.raises(LanguageError, match=r"none\.json"):
        Language.read(tmp_path / "none.json")
