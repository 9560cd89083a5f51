"""Whole reports: headings of any lab, narrative, impression, and languages that have no lexicon."""

import pytest

from model.echo.language.reader import echo_grammar, echo_headings
from model.report.clinical_text.report import LEAST_KNOWN_SHARE, ReportMeaning, read_report

NARRATIVE = """\
INDICATION: dyspnea, rule out severe MR
FINDINGS:
LV: Normal size, mild concentric LVH. LVEF 55-60%. No RWMA.
RV normal in size and function, TAPSE 2.1 cm. Mild LAE.
VALVES: AV trileaflet, no AS, trace AR. MV mildly thickened with mild MR.
No pericardial effusion.
IMPRESSION:
1. Normal LV systolic function, EF 58%.
2. Moderate MR.
3. IVC dilated.
"""
GERMAN = """\
Fragestellung: Z. A. Vitium
Linker Ventrikel
Normal groß, EF 60 %, keine WBS.
AV: leicht sklerosiert, keine Stenose.
MK - zart, MI I°.
Beurteilung: Gute LV-Funktion. Minimaler Perikarderguss.
"""
FOREIGN = {
    "es": "Ventrículo izquierdo de tamaño normal con función sistólica conservada. "
    "Insuficiencia mitral leve. Aurícula izquierda dilatada.",
    "fr": "Le ventricule gauche est de taille normale. Insuffisance mitrale minime. "
    "Oreillette gauche dilatée. Pas d'épanchement.",
    "it": "Il ventricolo sinistro è di dimensioni normali, funzione sistolica conservata. "
    "Insufficienza mitralica lieve. Atrio dilatato.",
}


def read(text: str) -> ReportMeaning:
    return read_report(text, echo_grammar(), echo_headings())


def test_a_sentence_lands_in_the_section_of_its_finding() -> None:
    sections = {sentence.meaning.text: sentence.section for sentence in read(NARRATIVE).sentences}
    assert sections["LVEF 55-60%."] == "Left Ventricle"
    assert sections["No RWMA."] == "Resting Segmental Wall Motion Analysis"
    assert sections["Mild LAE."] == "Left Atrium"
    assert sections["AV trileaflet, no AS, trace AR."] == "Aortic Valve"
    assert sections["No pericardial effusion."] == "Pericardium"


def test_the_impression_completes_and_the_body_wins() -> None:
    meaning = read(NARRATIVE)
    assert meaning.language == "en"
    assert meaning.labels["mitral_regurgitation"] == "no"
    assert meaning.contradictions == ("mitral_regurgitation",)
    assert meaning.labels["dilated_ivc"] == "yes"
    assert meaning.labels["ejection_fraction"] == (55.0, 60.0)


def test_what_is_not_stated_stays_unknown_and_an_indication_is_no_finding() -> None:
    labels = read(NARRATIVE).labels
    assert labels["pacemaker"] is None
    assert labels["mitral_stenosis"] is None
    assert not any("severe MR" in sentence.meaning.text for sentence in read(NARRATIVE).sentences)


def test_german_headings_and_abbreviations() -> None:
    meaning = read(GERMAN)
    assert meaning.language == "de"
    expected = {"ejection_fraction": 60.0, "wall_motion_hypokinesis": "no", "aortic_stenosis": "no",
                "mitral_regurgitation": "no", "pericardial_effusion": "no"}  # fmt: skip
    assert {name: value for name, value in meaning.labels.items() if value is not None} == expected


@pytest.mark.parametrize("language", FOREIGN)
def test_a_language_without_a_lexicon_is_told_and_nothing_is_read(language: str) -> None:
    meaning = read(FOREIGN[language])
    assert (meaning.language, meaning.sentences) == (None, ())
    grammar = echo_grammar()
    assert max(grammar.known_share(FOREIGN[language], name) for name in grammar.lexicons) < LEAST_KNOWN_SHARE


@pytest.mark.parametrize("text", ["", "\n\n", "LV:", "1. 2. 3."])
def test_a_report_that_says_nothing(text: str) -> None:
    assert not any(read(text).labels.values())


def test_an_empty_line_ends_what_is_spoken_of() -> None:
    near, far = (read(f"FINDINGS:\nSevere aortic stenosis.{gap}Mild regurgitation.").labels for gap in ("\n", "\n\n"))
    assert (near["aortic_regurgitation"], far["aortic_regurgitation"]) == ("no", None)


@pytest.mark.parametrize(
    ("text", "reports"),
    [
        (NARRATIVE, 1),
        (GERMAN, 1),
        (NARRATIVE + NARRATIVE, 2),
        ("Name: A\nFINDINGS: EF 60%.\nName: B\nFINDINGS: EF 30%.", 2),
        ("Name: A\nFINDINGS: EF 60%.\nName: A\nFINDINGS: No AS.", 1),
        ("IMPRESSION: EF 60%.\nFINDINGS: LV: EF 60%.\nMITRAL VALVE: MR.", 1),
    ],
)
def test_reports_in_one_text_are_counted(text: str, reports: int) -> None:
    assert echo_headings().reports(text) == reports
