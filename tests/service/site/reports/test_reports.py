"""A row becomes phrases, numbers, free sentences and labels; storing it twice changes nothing."""

import pytest

from index.phrase_table import PhraseRow, PhraseTable
from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.phrase_reader import PhraseReader
from service.site.errors import BankRefused
from service.site.identity.deidentify import Deidentifier, shipped_words
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.headings import HeadingMap
from service.site.reports.limits import PATIENTS_OF_A_PHRASE
from service.site.reports.mapping import ColumnMapping
from service.site.reports.reports import BankedReport, BankedSentence, RowReader, label_value, stable
from service.site.reports.site_phrases import SitePhrases, sentence_of
from service.site.reports.table import TableRow

SECTIONS = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
PHENOTYPES = {phenotype.name: phenotype for phenotype in ECHO_TAXONOMY.phenotypes}
COLUMNS = ColumnMapping(
    study="s", patient="p", sections={"Left Ventricle": "lv", "Pericardium": "pc"}, labels={"impella": "imp"}
)


def report_of(**values: str) -> BankedReport:
    reader = RowReader(
        mapping=COLUMNS,
        headings=HeadingMap(SECTIONS),
        readers=[PhraseReader(english()), PhraseReader(german().language)],
        deidentifier=Deidentifier(shipped_words()),
        pseudonyms=Pseudonyms(b"k" * 16),
        phenotypes=ECHO_TAXONOMY.phenotypes,
    )
    reading = reader.read(TableRow(2, {"s": "1", "p": "2", "lv": "", "pc": "", "imp": ""} | values))
    assert reading.report is not None, reading
    return reading.report


def test_phrases_keep_their_number_and_another_language_is_the_same_phrase() -> None:
    phrase = next(p for p in english().phrases if p.slot == "ejection_fraction")
    sentences = [english().fill(phrase, 43), german().language.fill(german().language.by_id[phrase.phrase_id], 43)]
    for sentence in sentences:
        report = report_of(lv=sentence)
        assert report.sentences == (BankedSentence("Left Ventricle", phrase.phrase_id, 43.0),)
        assert report.labels["ejection_fraction"] == 43.0
        assert report.derived == ("ejection_fraction",)


def test_a_denial_is_a_negative_label_and_a_doubt_is_none() -> None:
    absent = next(p for p in english().phrases if any((f.name, f.value) == ("impella", "absent") for f in p.findings))
    assert report_of(**{"lv": absent.template}).labels.get("impella", 0.0) == 0.0
    effusion = next(p.template for p in english().phrases if p.section == "Pericardium" and "no " in p.template.lower())
    assert report_of(pc=effusion).labels["pericardial_effusion"] == 0.0
    assert "pericardial_effusion" not in report_of(pc="possible effusion, cannot be excluded.").labels


def test_a_column_beats_the_text_and_an_unreadable_one_is_left_out() -> None:
    absent = next(
        p.template for p in english().phrases if p.section == "Left Ventricle" and ("impella", "absent") in
        [(f.name, f.value) for f in p.findings]
    )  # fmt: skip
    report = report_of(lv=absent, imp="yes")
    assert (report.labels["impella"], "impella" in report.derived) == (1.0, False)
    assert report_of(lv=absent, imp="perhaps").labels["impella"] == 0.0


@pytest.mark.parametrize(
    ("cell", "name", "value"),
    [
        ("Yes", "impella", 1.0),
        ("0", "impella", 0.0),
        ("2", "impella", None),
        ("55 %", "ejection_fraction", 55.0),
        ("55,5", "ejection_fraction", 55.5),
        ("155", "ejection_fraction", None),
        ("nan", "ejection_fraction", None),
    ],
)
def test_labels_of_columns(cell: str, name: str, value: float | None) -> None:
    assert label_value(cell, PHENOTYPES[name]) == value


def test_pseudonyms_are_keyed_and_of_one_kind() -> None:
    one, other = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    assert one.of("patient", " 77 ") == one.of("patient", "77")
    assert len({one.of("patient", "77"), one.of("study", "77"), other.of("patient", "77")}) == 3
    with pytest.raises(BankRefused, match="15 bytes"):
        Pseudonyms(b"a" * 15)


def banked(patient: int, *texts: str) -> BankedReport:
    return BankedReport(f"{patient:032x}", f"{patient:032x}", tuple(BankedSentence("Aorta", text=t) for t in texts))


def test_a_sentence_that_enough_patients_share_becomes_a_phrase_and_comes_back_the_same() -> None:
    texts = [stable(f"Arch spans {patient}.50 cm.") for patient in range(PATIENTS_OF_A_PHRASE)]
    rare = "Two numbers 4 and 5."
    reports = [banked(n, text) for n, text in enumerate(texts)] + [banked(9, rare), banked(9, "Rare.")]
    phrases = SitePhrases.of(reports, english(), SECTIONS)
    site = [row for row in phrases.table if row.group == "site"]
    assert [row.template for row in site] == ["Arch spans <numerical> cm."]
    for report in reports:
        for sentence in report.sentences:
            number, value = phrases.row(sentence)
            assert sentence_of(phrases.table[number], value) == sentence
    assert not any(phrases.table[phrases.row(s)[0]].may_be_copied for r in reports[-2:] for s in r.sentences)


def site_row(section: str, *texts: str) -> PhraseRow:
    """The one phrase of the site that a sentence becomes which enough patients share."""
    reports = [
        BankedReport(f"{n:032x}", f"{n:032x}", (BankedSentence(section, text=stable(texts[n % len(texts)])),))
        for n in range(PATIENTS_OF_A_PHRASE * len(texts))
    ]
    phrases = SitePhrases.of(reports, english(), SECTIONS)
    (row,) = (row for row in phrases.table if row.group == "site")
    assert {phrases.row(sentence)[0] for report in reports for sentence in report.sentences} == {row.phrase_id}
    return row


@pytest.mark.parametrize(
    ("section", "text", "slot", "numberless"),
    [
        ("Left Ventricle", "LVEF 55% (biplane).", "ejection_fraction", ""),
        ("Left Ventricle", "LVEF biplan 55 %.", "ejection_fraction", ""),
        ("Aorta", "Ao root 3.4 cm.", "aortic_root_diameter", ""),
        ("Pulmonary Artery", "RVSP 38 mmHg.", "pulmonary_artery_pressure", ""),
        ("Right Ventricle", "RV not dilated, TAPSE 21mm.", "tapse", "RV not dilated."),
        ("Left Atrium", "LAVI 41 ml/m²; RA enlarged.", "la_volume_index", "RA enlarged."),
        ("Aorta", "Score of the day 7.", "numerical", ""),
        ("IVC", "VCI 18 mm.", "numerical", ""),  # the language states it in cm
    ],
)
def test_a_number_that_the_language_knows_stands_in_its_slot(
    section: str, text: str, slot: str, numberless: str
) -> None:
    row = site_row(section, text)
    assert (row.slot, row.numberless) == (slot, numberless)
    assert f"<{slot}>" in row.template
    assert row.may_be_copied is (slot != "numerical")


def test_a_decimal_comma_is_the_same_phrase_as_a_point_and_thousands_are_no_number() -> None:
    assert site_row("Left Atrium", "LAVI 41,5 ml/m².", "LAVI 38.0 ml/m².").slot == "la_volume_index"
    assert site_row("Left Atrium", "LAVI 1,200 ml/m².").slot is None


def test_wordings_count_together_only_where_all_their_words_are_understood() -> None:
    same = [site_row("Left Ventricle", text) for text in ("LVEF 55% (biplane).", "LVEF biplan 55 %.")]
    assert len({row.meaning for row in same}) == 1
    others = [site_row("Right Ventricle", f"RV {word}, TAPSE 21mm.") for word in ("dilatiert", "nicht dilatiert")]
    assert len({row.meaning for row in others}) == 2


def test_one_patient_with_many_studies_makes_no_phrase() -> None:
    reports = [banked(1, "Odd words.") for _ in range(PATIENTS_OF_A_PHRASE + 1)]
    table: PhraseTable = SitePhrases.of(reports, english(), SECTIONS).table
    assert "site" not in {row.group for row in table}
