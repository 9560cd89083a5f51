"""What was at another time, or what another examination showed, is no finding of this one."""

import pytest

from model.echo.language.reader import echo_grammar, echo_headings
from model.report.clinical_text.report import read_report

GRAMMAR = echo_grammar()


def values(text: str, time: str = "current") -> dict[str, str | float | None]:
    """Entity → value, or its number, of the findings of a time."""
    return {
        f.entity: f.value if f.value is not None else f.number  # type: ignore[misc]  # ranges do not occur here
        for f in GRAMMAR.read(text).findings
        if f.time == time
    }


@pytest.mark.parametrize(
    ("text", "former", "now"),
    [
        ("Three years ago he had moderate MR.", {"mitral_regurgitation": "moderate"}, {}),
        ("Three years ago, he had severe AS and an EF of 30%.",
         {"aortic_stenosis": "severe", "ejection_fraction": 30.0}, {}),
        ("An echocardiogram two years earlier showed normal LV function and mild MR.",
         {"lv_systolic_function": "normal", "mitral_regurgitation": "mild"}, {}),
        ("An echo one year ago had shown an EF of 60%, now the EF is 35%.",
         {"ejection_fraction": 60.0}, {"ejection_fraction": 35.0}),
        ("In 2015 echo revealed severe MR.", {"mitral_regurgitation": "severe"}, {}),
        ("Severe aortic stenosis had been diagnosed in childhood.", {"aortic_stenosis": "severe"}, {}),
        ("History of severe MR, echo now shows an EF of 40%.",
         {"mitral_regurgitation": "severe"}, {"ejection_fraction": 40.0}),
        ("MR was first noted three years ago and is now severe.",
         {"mitral_regurgitation": "present"}, {"mitral_regurgitation": "severe"}),
        ("Vor drei Jahren hatte er eine mittelgradige MI.", {"mitral_regurgitation": "moderate"}, {}),
        ("Vor 2 Jahren bestand eine mittelgradige MI, aktuell leichte MI.",
         {"mitral_regurgitation": "moderate"}, {"mitral_regurgitation": "mild"}),
        ("Im Jahr 2012 zeigte das Echo eine EF von 35 %.", {"ejection_fraction": 35.0}, {}),
        ("Im Echo vor zwei Jahren fand sich eine EF von 60 %, jetzt 35 %.",
         {"ejection_fraction": 60.0}, {"ejection_fraction": 35.0}),
        # neighbours: what stays, and what is only compared
        ("Aortic valve replacement 10 years ago, EF 55%, moderate MR.",
         {}, {"aortic_prosthesis": "present", "ejection_fraction": 55.0, "mitral_regurgitation": "moderate"}),
        ("Vor 3 Jahren TAVI, EF 55 %.", {}, {"aortic_prosthesis": "tavr", "ejection_fraction": 55.0}),
        ("Mitral valve repair in 2012, mild MR.", {}, {"mitral_repair": "present", "mitral_regurgitation": "mild"}),
        ("Status post infarction 3 years ago, EF 45%.", {}, {"ejection_fraction": 45.0}),
        ("Compared with the echo three years ago, EF has fallen to 40%.", {}, {"ejection_fraction": 40.0}),
        ("Follow-up echo after three months showed an EF of 45%.", {}, {"ejection_fraction": 45.0}),
    ],
)  # fmt: skip
def test_what_was_then_is_not_now(text: str, former: dict[str, object], now: dict[str, object]) -> None:
    assert (values(text, "prior"), values(text)) == (former, now)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ECG showed left ventricular hypertrophy.", {}),
        ("Left atrial enlargement on ECG.", {}),
        ("CT revealed a pericardial effusion.", {}),
        ("CT was performed, excluding pericardial effusion.", {}),
        ("Coronary angiography showed normal LV function.", {}),
        ("Cardiac MRI showed an LVEF of 40% with apical hypokinesis.", {}),
        ("Chest X-ray showed a pericardial effusion and echocardiography an EF of 30%.", {"ejection_fraction": 30.0}),
        ("EKG mit Zeichen der LVH.", {}),
        ("Im CT Aortenektasie von 48 mm.", {}),
        ("Im Herzkatheter schwere Aortenstenose.", {}),
        ("Auskultatorisch Verdacht auf AS.", {}),
        ("Im EKG Linkshypertrophie, echokardiographisch normale Wanddicken.", {"lv_wall_thickness": "normal"}),
        ("Echokardiographisch EF 55 %, im CT kein Perikarderguss.", {"ejection_fraction": 55.0}),
        # neighbours: the echo's own findings stay
        ("The ECG was normal and TTE showed a moderate pericardial effusion.", {"pericardial_effusion": "moderate"}),
        ("Echo and CT showed a pericardial effusion.", {"pericardial_effusion": "present"}),
        ("Echocardiography showed a moderate effusion, confirmed by CT.", {"pericardial_effusion": "moderate"}),
        ("TEE revealed a mass which was not seen on CT.", {"mass": "present"}),
        ("Sinus rhythm on ECG with an EF of 55%.", {"ejection_fraction": 55.0}),
        ("Cardiac catheter in the right atrium.", {"right_atrial_catheter": "present"}),
    ],
)
def test_what_another_examination_showed_is_left_out(text: str, expected: dict[str, object]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("After treatment there was a reduction in RV size.", {}),
        ("RV size decreased after thrombolysis.", {}),
        ("Deutliche Abnahme der LA-Größe.", {}),
        ("Rückgang der RV-Größe unter Therapie.", {}),
        ("Reduced right ventricular size.", {"rv_size": "small"}),
        ("Mild reduction in RV systolic function.", {"rv_systolic_function": "mild"}),
        ("Reduktion der LV-Funktion.", {"lv_systolic_function": "reduced"}),
        ("Severe reduction of LV function.", {"lv_systolic_function": "severe"}),
    ],
)
def test_a_size_that_lessens_is_not_small(text: str, expected: dict[str, object]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "entity", "value", "number"),
    [
        ("Aneurysm of the ascending aorta of 50 mm.", "ascending_aorta", "dilated", 50.0),
        ("Aneurysma der Aorta ascendens von 50 mm.", "ascending_aorta", "dilated", 50.0),
        ("Aortic root aneurysm, 52 mm.", "aortic_root", "dilated", 52.0),
        ("No aneurysm of the ascending aorta.", "ascending_aorta", "normal", None),
        ("Ruptured sinus of Valsalva aneurysm.", "sinus_of_valsalva_aneurysm", "present", None),
        ("LV apical aneurysm.", "lv_aneurysm", "present", None),
    ],
)
def test_an_aneurysm_of_a_vessel_is_wide(text: str, entity: str, value: str, number: float | None) -> None:
    (finding,) = GRAMMAR.read(text).findings
    assert (finding.entity, finding.value, finding.number) == (entity, value, number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AS is not severe.", {"aortic_stenosis": "present"}),
        ("Aortic stenosis, not severe.", {"aortic_stenosis": "present"}),
        ("Die MI ist nicht hochgradig.", {"mitral_regurgitation": "present"}),
        ("Moderate MR, not severe TR.", {"mitral_regurgitation": "moderate", "tricuspid_regurgitation": "present"}),
        ("No severe mitral regurgitation.", {}),
        ("Keine hochgradige MI.", {}),
        ("Keine höhergradige MI.", {"mitral_regurgitation": "none"}),
        ("No significant MR.", {"mitral_regurgitation": "none"}),
    ],
)
def test_what_is_not_severe_is_there(text: str, expected: dict[str, object]) -> None:
    meaning = GRAMMAR.read(text)
    assert values(text) == expected
    assert meaning.labels["aortic_stenosis"] is None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("IMPRESSION:\n1. Severe aortic stenosis.\n2. Mild regurgitation.", None),
        ("IMPRESSION: 1. Severe aortic stenosis. 2. Mild regurgitation.", None),
        ("IMPRESSION:\n- Severe aortic stenosis.\n- Mild regurgitation.", None),
        ("BEURTEILUNG:\n1) Hochgradige Aortenstenose.\n2) Leichte Insuffizienz.", None),
        ("FINDINGS:\n1. Aortic valve: severe stenosis. Mild regurgitation.", "no"),
        ("AORTIC VALVE:\n1. Severe stenosis.\n2. Mild regurgitation.", "no"),
        ("IMPRESSION: Severe aortic stenosis. Mild regurgitation.", "no"),
    ],
)
def test_an_item_of_a_numbered_list_speaks_for_itself(text: str, label: str | None) -> None:
    assert read_report(text, GRAMMAR, echo_headings()).labels["aortic_regurgitation"] == label
