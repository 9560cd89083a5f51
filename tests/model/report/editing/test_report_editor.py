"""Reports put in order: once, beside its subject, in order, and no call in silence."""

from collections.abc import Sequence

import pytest

from model.echo.language.reader import finding_reader
from model.echo.phrases.reader import english
from model.report.editing.report_editor import EditedReport, ReportEditor
from model.report.editing.said import Said
from model.report.language.phrase_reader import PhraseReader
from model.report.request import EvidenceSentence
from service.modalities.echo.reporting import echo_reporting

LANGUAGE = english()
READ = finding_reader(LANGUAGE)
NUMBERS = PhraseReader(LANGUAGE)
EDITOR = ReportEditor(LANGUAGE, READ, echo_reporting().rules)
LV, MV = "Left Ventricle", "Mitral Valve"


def said(section: str, *texts: str) -> tuple[Said, ...]:
    """Sentences as the service hands them over."""
    read = [(text, NUMBERS.read_sentence(section, text)) for text in texts]
    return tuple(
        Said(
            text,
            tuple(READ(section, text)),
            reading.phrase.slot if reading.phrase and reading.value is not None else None,
            reading.value,
            (at,),
        )
        for at, (text, reading) in enumerate(read)
    )


def nobody(section: str) -> tuple[EvidenceSentence, ...]:
    del section
    return ()


def edit(
    section: str, *texts: str, calls: dict[str, bool] | None = None, evidence: Sequence[EvidenceSentence] = ()
) -> EditedReport:
    return EDITOR.edit({section: said(section, *texts)}, calls or {}, lambda _: evidence)


def told(section: str, *texts: str) -> list[str]:
    return [each.text for each in edit(section, *texts).sections[section]]


def test_what_a_number_or_a_fuller_sentence_says_is_not_said_again() -> None:
    numbered = "Overall left ventricular systolic function is preserved; the estimated ejection fraction is 61%."
    assert told(LV, "Normal left ventricular systolic function.", numbered) == [numbered]
    assert told(MV, "No mitral stenosis.", "Severe mitral regurgitation without stenosis.") == [
        "Severe mitral regurgitation without stenosis."
    ]
    assert told("Right Ventricle", "A sentence of its own", "a sentence of its own.") == ["A sentence of its own"]


def test_a_sentence_that_repeats_in_part_is_shortened_and_keeps_its_number() -> None:
    said_twice = told(
        LV,
        "Normal left ventricular size and wall thickness.",
        "Normal left ventricular wall thickness, measuring up to 0.9 cm.",
    )
    assert said_twice == [
        "The left ventricle is normal in size.",
        "Normal left ventricular wall thickness, measuring up to 0.9 cm.",
    ]


def test_sections_are_told_in_the_order_of_the_guideline() -> None:
    written = [
        "No Impella catheter is present.",
        "Left ventricular filling pressures are normal.",
        "Left ventricular systolic function is normal.",
        "No left ventricular hypertrophy.",
        "The left ventricle is normal in size.",
    ]
    assert told(LV, *written) == written[::-1]


def test_a_sentence_that_nobody_reads_stays_behind_the_one_before_it() -> None:
    assert told(LV, "No left ventricular hypertrophy.", "As discussed.", "The left ventricle is normal in size.") == [
        "The left ventricle is normal in size.",
        "No left ventricular hypertrophy.",
        "As discussed.",
    ]


def test_an_attribute_is_joined_to_its_subject_or_left_out() -> None:
    edited = edit(LV, "The hypertrophy is concentric.", "The left ventricular walls are mildly thickened.")
    (joined,) = edited.sections[LV]
    assert (joined.text, joined.origins) == ("Mild concentric left ventricular hypertrophy.", (0, 1))
    numbered = "Left ventricular wall thickness is mildly increased, measuring up to 1.2 cm."
    assert told(LV, "The hypertrophy is concentric.", numbered) == [numbered, "The hypertrophy is concentric."]
    assert told(LV, "The hypertrophy is concentric.", "The left ventricle is normal in size.") == [
        "The left ventricle is normal in size."
    ]


def test_these_findings_open_no_section() -> None:
    assert told("IVC", "These findings suggest normal right atrial pressure.") == [
        "Estimated right atrial pressure is normal."
    ]


def test_a_conclusion_follows_from_what_the_section_states() -> None:
    cava = "The inferior vena cava is normal in caliber and collapses normally with inspiration."
    assert told("IVC", cava, "These findings suggest elevated right atrial pressure.") == [
        cava,
        "Estimated right atrial pressure is normal.",
    ]


def test_a_silent_call_is_said_as_most_neighbours_say_it() -> None:
    evidence = (
        EvidenceSentence("No mitral regurgitation.", "No mitral regurgitation.", None, 0.5, (1, 2, 3)),
        EvidenceSentence("Severe MR.", "Severe MR.", None, 0.4, (4, 5)),
        EvidenceSentence("Moderate MR.", "Moderate MR.", None, 0.1, (6,)),
    )
    edited = edit(MV, "No mitral stenosis.", calls={"mitral_regurgitation": True}, evidence=evidence)
    assert [(s.text, s.candidate_ids, s.origins) for s in edited.sections[MV]] == [
        ("No mitral stenosis.", (), (0,)),
        ("Severe mitral regurgitation.", (4, 5), ()),
    ]
    assert edited.silent == ()


def test_without_evidence_a_call_is_said_only_where_there_is_one_way_to_say_it() -> None:
    assert edit(MV, "No mitral stenosis.", calls={"mitral_regurgitation": True}).silent == ("mitral_regurgitation",)
    edited = edit("IVC", "Estimated right atrial pressure is elevated.", calls={"dilated_ivc": True})
    assert [s.text for s in edited.sections["IVC"]] == [
        "The inferior vena cava is dilated.",
        "Estimated right atrial pressure is elevated.",
    ]


def test_a_denied_call_is_no_silent_one() -> None:
    edited = edit(MV, "No mitral regurgitation.", calls={"mitral_regurgitation": True})
    assert [s.text for s in edited.sections[MV]] == ["No mitral regurgitation."]
    assert edited.silent == ()


@pytest.mark.parametrize("beside", ["stated", "called"])
def test_a_valve_is_not_normal_beside_its_lesion(beside: str) -> None:
    lesion = ["Severe mitral regurgitation."] if beside == "stated" else []
    normal = "Structurally normal native mitral valve and annulus."
    edited = edit(MV, normal, *lesion, calls={"mitral_regurgitation": True})
    texts = [s.text for s in edited.sections[MV]]
    assert not any("normal" in text for text in texts)
    assert "No mitral clip or prosthesis is seen." in texts


def test_room_is_made_for_what_is_added() -> None:
    section = "Resting Segmental Wall Motion Analysis"
    edited = EDITOR.edit(
        {section: (), LV: said(LV, "Left ventricular systolic function is normal.")},
        {"wall_motion_hypokinesis": True},
        lambda _: (EvidenceSentence("Global hypokinesis.", "Global hypokinesis.", None, 1.0, (7,)),),
    )
    assert edited.broken == ()


def test_nothing_to_mend_leaves_everything_as_it_is() -> None:
    texts = ["Normal left ventricular size and wall thickness.", "Left ventricular systolic function is normal."]
    assert edit(LV, *texts).sections == {LV: said(LV, *texts)}
