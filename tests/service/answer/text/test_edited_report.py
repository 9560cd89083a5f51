"""The edited report keeps what each sentence rests on, and says what it does not say."""

from model.echo.language.reader import finding_reader
from model.echo.phrases.reader import english
from model.report.request import EvidenceSentence, ReportWarning
from service.answer.text.edited_report import ReportEditing
from service.answer.text.written import Written
from service.modalities.echo.reporting import echo_reporting
from service.schemas import SentenceOut

EDITING = ReportEditing.of(english(), finding_reader(english()), echo_reporting())
LV, MV = "Left Ventricle", "Mitral Valve"


def written(section: str, *sentences: SentenceOut, warnings: tuple[ReportWarning, ...] = ()) -> Written:
    return Written({section: sentences}, {section: [sentence.text for sentence in sentences]}, warnings)


def sentence(text: str, *candidates: int, estimated: bool = False) -> SentenceOut:
    return SentenceOut(text=text, source="retrieved", candidate_ids=list(candidates), estimated=estimated)


def nobody(section: str) -> tuple[EvidenceSentence, ...]:
    del section
    return ()


def test_a_sentence_that_stands_for_two_rests_on_both() -> None:
    thick, pattern = sentence("Mild left ventricular hypertrophy.", 1), sentence("The hypertrophy is concentric.", 2)
    (joined,) = EDITING.edit(written(LV, thick, pattern), {}, nobody).sections[LV]
    assert (joined.text, joined.candidate_ids) == ("Mild concentric left ventricular hypertrophy.", [1, 2])


def test_an_estimated_number_stays_estimated_and_an_untouched_sentence_is_the_same() -> None:
    number = sentence("Normal left ventricular wall thickness, measuring up to 0.9 cm.", 3, estimated=True)
    edited = EDITING.edit(
        written(LV, sentence("Normal left ventricular size and wall thickness.", 4), number), {}, nobody
    )
    size, kept = edited.sections[LV]
    assert kept is number
    assert (size.text, size.candidate_ids, size.estimated) == ("The left ventricle is normal in size.", [4], False)
    assert edited.plain[LV] == [size.text, kept.text]


def test_another_patients_number_is_none_of_this_report() -> None:
    quoted = sentence("Normal left ventricular systolic function, ejection fraction 61%. [another patient's number]", 5)
    plain = {LV: ["Normal left ventricular systolic function, ejection fraction 61%."]}
    edited = EDITING.edit(Written({LV: (quoted,)}, plain), {}, nobody)
    assert edited.sections[LV] == (quoted,)
    assert edited.said is not None
    assert edited.said[LV][0].slot is None


def test_warnings_tell_of_silent_calls_and_of_what_still_contradicts() -> None:
    stale = ReportWarning("contradiction", {"rule": "Mended."})
    empty = ReportWarning("section_empty", {"section": MV})
    other = ReportWarning("text_truncated", {"section": MV})
    edited = EDITING.edit(written(MV, warnings=(stale, empty, other)), {"mitral_regurgitation": True}, nobody)
    assert edited.warnings == (empty, other, ReportWarning("silent_call", {"phenotypes": "mitral_regurgitation"}))

    def evidence(section: str) -> tuple[EvidenceSentence, ...]:
        del section
        return (EvidenceSentence("Severe MR.", "Severe MR.", None, 1.0, (9,)),)

    filled = EDITING.edit(written(MV, warnings=(empty,)), {"mitral_regurgitation": True}, evidence)
    assert filled.warnings == ()
    (added,) = filled.sections[MV]
    assert (added.text, added.source, added.candidate_ids) == ("Severe mitral regurgitation.", "retrieved", [9])


def test_a_section_that_the_editing_empties_is_told_of() -> None:
    homeless = sentence("The hypertrophy is concentric.", 2)
    edited = EDITING.edit(written(LV, homeless), {}, nobody)
    assert edited.sections[LV] == ()
    assert edited.warnings == (ReportWarning("section_empty", {"section": LV}),)


def test_the_opposite_of_a_call_is_a_disagreement() -> None:
    edited = EDITING.edit(written(MV, sentence("No MR.", 1)), {"mitral_regurgitation": True}, nobody)
    assert (edited.silent, edited.disagreeing) == ((), ("mitral_regurgitation",))


def test_what_the_report_states_is_known_to_whoever_lists_its_numbers() -> None:
    edited = EDITING.edit(written(LV, sentence("Left ventricular wall thickness is normal.", 1)), {}, nobody)
    assert {(one.name, one.value) for one in edited.findings} == {("lv_wall_thickness", "normal")}
    assert written(LV, sentence("Left ventricular wall thickness is normal.", 1)).findings == frozenset()
