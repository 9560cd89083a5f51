"""Phrases of a release become a language: findings, slots with units and ranges, no sentence with a hole."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.phrase_table import PhraseRow, PhraseTable
from model.echo.language.reader import echo_grammar, finding_reader
from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import Finding, Language
from model.report.language.translation import Translation, Translator
from scripts.reference.release.said_phrases import invented_phrases
from service.site.echoprime.phrases import ReleasePhrases, read_phrases
from service.site.echoprime.spoken_release import GERMAN, PHRASES, SpokenRelease
from service.site.language_coverage import NUMBER_ONLY, coverage_of
from service.site.reports.numberless import PLACEHOLDER, numberless
from service.site.reports.phrase_meaning import MeaningReader, Quantity

LV, PA, AO, IVC = "Left Ventricle", "Pulmonary Artery", "Aorta", "IVC"


def spoken(tmp_path: Path, phrases: dict[str, list[str]]) -> SpokenRelease:
    """A release that has these phrases, and a word of nothing in every other section."""
    listed = {section: {"group": phrases.get(section, ["Nothing to report."])} for section in ECHO_TAXONOMY.sections}
    path = tmp_path / "all_phr.json"
    path.write_text(json.dumps(listed))
    return SpokenRelease.of(read_phrases(path, ECHO_TAXONOMY))


@cache
def meanings() -> MeaningReader:
    return MeaningReader(finding_reader(english()), echo_grammar())


@pytest.mark.parametrize(
    ("section", "template", "quantity"),
    [
        (LV, "LV Ejection Fraction is <numerical> %.", Quantity("ejection_fraction", "%")),
        (LV, "EF <numerical>%", Quantity("ejection_fraction", "%")),
        (PA, "Estimated PA Pressure is <numerical> mmHg.", Quantity("pulmonary_artery_pressure", "mmHg")),
        (PA, "Estimated PA Pressure is <numerical>+CVP mmHg", None),
        (AO, "The aortic root measures <numerical> mm", Quantity("aortic_root", "mm")),
        (AO, "The aortic root measures <numerical> x <numerical> mm", None),
        (LV, "Left ventricular wall thickness is <numerical> mm.", None),
        (LV, "A structure of <numerical> mm at the <string>.", None),
        (LV, "The ventricle is well seen.", None),
    ],
)
def test_what_a_number_measures(section: str, template: str, quantity: Quantity | None) -> None:
    assert meanings().meaning(section, template).quantity == quantity


def test_a_phrase_gets_slot_unit_range_and_the_words_without_its_number(tmp_path: Path) -> None:
    made = spoken(
        tmp_path,
        {
            LV: ["Systolic function of the left ventricle is normal with an ejection fraction of <numerical> %"],
            PA: ["Estimated PA Pressure is <numerical> mmHg", "Estimated PA Pressure is <numerical>"],
            AO: ["The aortic root is mildly dilated, measuring <numerical> mm."],
        },
    ).made
    by_section = {section: [row for row in made.table if row.section == section] for section in (LV, PA, AO)}
    (ef,) = by_section[LV]
    assert (ef.slot, ef.numberless) == ("ejection_fraction", "Systolic function of the left ventricle is normal.")
    assert [(row.slot, row.numberless) for row in by_section[PA]] == [("pulmonary_artery_pressure", "")] * 2
    (root,) = by_section[AO]
    assert root.template == "The aortic root is mildly dilated, measuring <aortic_root_diameter_mm> mm."
    slot = made.language.slots["aortic_root_diameter_mm"]
    assert (slot.unit, slot.low, slot.high, slot.decimals) == ("mm", 15.0, 90.0, 0)
    assert made.language.by_id[root.key or ""].findings == (Finding("aortic_root", "mild"),)
    assert made.language.finding_for("aortic_root_diameter_mm", 42) == Finding("aortic_root", "mild")
    assert made.language.finding_for("aortic_root_diameter_mm", 38) == Finding("aortic_root", "normal")


def test_several_numbers_strange_slots_and_fixed_numbers_are_said_without_or_not_at_all(tmp_path: Path) -> None:
    made = spoken(
        tmp_path,
        {
            LV: [
                "Function is mildly impaired with an estimated ejection fraction between <numerical> and <numerical>%.",
                "The mass is <numerical> mm by <numerical> mm",
                "There is hypokinesis of the <string>.",
                "Grade <roman> diastolic dysfunction",
                "Two leads S1 and S2 are seen",
                "Normal left ventricular size (normal < 5.5 cm).",
            ]
        },
    ).made
    rows = [row for row in made.table if row.section == LV]
    assert rows[0].slot == "numerical"
    assert made.language.by_id[rows[0].key or ""].template == "Function is mildly impaired."
    assert (rows[1].key, rows[1].numberless, rows[1].may_be_copied) == (None, "", False)
    assert made.language.by_id[rows[2].key or ""].template == "There is hypokinesis."
    assert rows[3].key is None or "<" not in made.language.by_id[rows[3].key].template
    assert (rows[4].key, rows[4].may_be_copied) == (None, False)
    assert made.language.by_id[rows[5].key or ""].template == "Normal left ventricular size."


def test_duplicates_are_one_wording_and_a_full_stop_is_added(tmp_path: Path) -> None:
    made = spoken(tmp_path, {IVC: ["Dilated IVC", "Dilated IVC.", " Dilated  IVC", "The IVC is dilated"]}).made
    rows = [row for row in made.table if row.section == IVC]
    assert {row.template for row in rows} == {"Dilated IVC.", "The IVC is dilated."}
    assert len({row.key for row in rows}) == 2
    assert len({row.meaning for row in rows}) == 1, "wordings of one meaning count together as evidence"


def test_free_sentences_stay_apart(tmp_path: Path) -> None:
    made = spoken(tmp_path, {IVC: ["Windows were narrow.", "The patient was in pain."]}).made
    assert len({row.meaning for row in made.table if row.section == IVC}) == 2


def test_contradictions_bands_and_labels_hold_in_the_words_of_the_release(tmp_path: Path) -> None:
    graded = "Mildly to moderately reduced LV systolic function"
    made = spoken(tmp_path, {IVC: ["Dilated IVC", "Normal RA pressure"], LV: [graded]}).made
    said = {row.template: made.language.by_id[row.key].findings for row in made.table if row.key}
    broken = made.language.contradicted_by([*said["Dilated IVC."], *said["Normal RA pressure."]])
    assert "ivc_dilated_ra_pressure_normal" in {rule.name for rule in broken}
    finding = said[f"{graded}."][0]
    spanned = [band for band in made.language.bands if (band.finding, band.value) == (finding.name, finding.value)]
    assert [(band.low, band.high) for band in spanned if band.slot == "ejection_fraction"] == [(30.0, 52.0)]


def test_the_files_come_back_and_translate(tmp_path: Path) -> None:
    made = spoken(tmp_path, {AO: ["Mildly dilated root, <numerical> mm", "The aortic root is mildly dilated"]})
    fields = made.write(tmp_path)
    assert fields == {"phrases": PHRASES, "languages": {"de": GERMAN}}
    language = Language.read(tmp_path / PHRASES)
    assert language == made.made.language
    translator = Translator(language, Translation.read(tmp_path / GERMAN, language))
    text = translator.sentence(AO, "The aortic root is mildly dilated.")
    assert text in {phrase.template for phrase in german().language.phrases}
    assert translator.sentence(AO, "Nothing to report.") is None


def test_the_reader_reads_the_invented_phrases_as_they_were_meant() -> None:
    """What each phrase says was written beside it. The reader may add what follows; it must not say otherwise."""
    phrases = [phrase for phrase in invented_phrases().phrases if phrase.section in ECHO_TAXONOMY.sections]
    known = {finding.name for phrase in phrases for finding in phrase.findings}
    met = wrong = 0
    for phrase in (phrase for phrase in phrases if phrase.findings):
        read = {
            f.name: f.value for f in meanings().meaning(phrase.section, phrase.template).findings if f.name in known
        }
        met += any(read.get(finding.name) == finding.value for finding in phrase.findings)
        wrong += any(read.get(finding.name, finding.value) != finding.value for finding in phrase.findings)
    stated = sum(bool(phrase.findings) for phrase in phrases)
    assert met / stated >= 0.95
    assert wrong / stated <= 0.01


@cache
def invented_release(folder: Path) -> SpokenRelease:
    path = folder / "all_phr.json"
    path.write_text(json.dumps(invented_phrases().groups))
    return SpokenRelease.of(read_phrases(path, ECHO_TAXONOMY))


def test_most_of_the_invented_file_is_understood_and_the_rest_is_named(tmp_path: Path) -> None:
    made = invented_release(tmp_path)
    parts = list(made.coverage())
    total = sum(part.phrases for part in parts)
    assert total == len(made.made.table)
    assert sum(part.understood for part in parts) / total >= 0.9
    for part in parts:
        assert part.understood + part.free + sum(part.left_out.values()) == part.phrases, part
    assert f"not written: they {NUMBER_ONLY}" in next(part for part in parts if part.section == LV).text()


HOLES = re.compile(r"(?i)\b(?:was|were) (?:measured|obtained|estimated|calculated)\.|[(]\s*[)]|,\s*\.|<|\s\.|\d")


def test_nothing_the_language_can_say_has_a_hole(tmp_path: Path) -> None:
    for phrase in invented_release(tmp_path).made.language.phrases:
        assert phrase.numberless == "" or not HOLES.search(phrase.numberless), phrase
        assert phrase.template.endswith((".", "!", "?"))
        assert phrase.slot is None or phrase.numberless != phrase.template


WORDS = (
    "<numerical> <numerical>% mm mmHg (<numerical> The mild severe aortic root EF is of normal 12 m2 dilated, . "
    "stenosis ; between and +CVP = < > <slot_1> ejection fraction pressure"
)


@settings(deadline=None, max_examples=40)  # reading is quick, but the grammar is loaded in the first example
@given(st.lists(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(" ".join), min_size=1, max_size=6))
def test_any_phrases_make_a_language(texts: list[str]) -> None:
    made = SpokenRelease.of(aorta_phrases(texts)).made
    assert len(made.table) == len(texts)
    for row in made.table:
        assert row.key is None or row.key in made.language.by_id
        assert row.slot is None or not PLACEHOLDER.search(row.text(None))
        assert row.key is not None or not row.may_be_copied or row.slot is None
    assert next(coverage_of(made.table, made.language, [AO])).phrases == len(texts)


def aorta_phrases(texts: list[str]) -> ReleasePhrases:
    rows = tuple(
        PhraseRow(number, AO, "", text, numberless(text), "numerical" if "<numerical>" in text else None)
        for number, text in enumerate(texts)
    )
    slotted = np.array([row.slot is not None for row in rows])
    return ReleasePhrases(PhraseTable(rows), (AO,), np.zeros(1, np.int64), np.array([len(rows)]), slotted)
