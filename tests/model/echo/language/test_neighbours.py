"""Words that only look like a finding, and findings that stand beside another's words."""

import pytest

from model.echo.language.reader import echo_grammar

GRAMMAR = echo_grammar()


def values(text: str) -> dict[str, str | None]:
    return {f.entity: f.value for f in GRAMMAR.read(text).findings}


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("The rheumatic component of the valve was thickened.", "leak"),
        ("ECG: ST elevation in the lateral leads.", "pacemaker"),
        ("Normal LV size with LVH, dilated RV.", "rv_systolic_function"),
        ("Normale LV-Größe mit LVH, dilatierter RV.", "rv_systolic_function"),
        ("LVH with normal function, dilated RV.", "rv_systolic_function"),
        ("Two thrombi (3 mm) on the left atrial side.", "la_diameter"),
        ("Zwei Thromben (3 mm) auf der linksatrialen Seite.", "la_diameter"),
        ("Subvalvular mitral abscess.", "regurgitation"),
        ("Two mobile thrombi (5 mm and 3 mm) were seen on the left atrial side.", "la_diameter"),
        ("Keine Beurteilung der Diastole.", "diastolic"),
        ("Arrhythmia precludes assessment of diastolic function.", "diastolic"),
    ],
)
def test_what_is_not_said_is_not_read(text: str, never: str) -> None:
    assert not any(never in name for name in values(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There was a large, loculated pericardial effusion.", {"pericardial_effusion": "severe"}),
        ("A small, circumferential pericardial effusion.", {"pericardial_effusion": "mild"}),
        ("Großer, gekammerter Perikarderguss.", {"pericardial_effusion": "severe"}),
        ("The size and function of the ventricles were normal.",
         {"lv_size": "normal", "rv_size": "normal", "lv_systolic_function": "normal",
          "rv_systolic_function": "normal"}),
        ("Größe und Funktion der Ventrikel waren normal.",
         {"lv_size": "normal", "rv_size": "normal", "lv_systolic_function": "normal",
          "rv_systolic_function": "normal"}),
        ("Pumpfunktion normal, diastolische Funktion aber eingeschränkt.",
         {"lv_systolic_function": "normal", "diastolic_function": "abnormal"}),
        ("Anamnestisch bekannte MI, jetzt befundkonstant.", {"mitral_regurgitation": "present"}),
        ("The known history of MR persists.", {"mitral_regurgitation": "present"}),
    ],
)  # fmt: skip
def test_what_stands_beside_is_read_as_said(text: str, expected: dict[str, str | None]) -> None:
    read = values(text)
    assert {name: read.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "polarity", "time"),
    [
        ("Hier scheidet ein Thrombus aus.", "negative", "current"),
        ("Ein Thrombus scheidet aus.", "negative", "current"),
        ("Known history of thrombus.", "positive", "prior"),
        ("The known thrombus persists.", "positive", "current"),
    ],
)
def test_excluded_and_known_thrombi(text: str, polarity: str, time: str) -> None:
    (found,) = GRAMMAR.read(text).findings
    assert (found.entity, found.polarity, found.time) == ("thrombus", polarity, time)


@pytest.mark.parametrize(
    ("text", "entity", "number"),
    [
        ("Severely reduced LV function (EF; 18%).", "ejection_fraction", 18.0),
        ("Hochgradig reduzierte LV-Funktion (EF; 18 %).", "ejection_fraction", 18.0),
        ("The mitral valve (MV) mean gradient was 12 mmHg.", "mitral_mean_gradient", 12.0),
        ("Perikarderguss mit 5 cm breitem Saum.", "pericardial_effusion", 5.0),
    ],
)
def test_the_number_is_of_what_it_follows(text: str, entity: str, number: float) -> None:
    found = [f for f in GRAMMAR.read(text).findings if f.entity == entity]
    assert [f.number for f in found] == [number]
