"""What a word belongs to: a grade to its own noun, a finding to its own valve, a length to what was measured."""

import pytest

from model.echo.language.reader import echo_grammar

GRAMMAR = echo_grammar()


def values(text: str) -> dict[str, str | None]:
    return {f.entity: f.value for f in GRAMMAR.read(text).findings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The reduced LV function has normalized.", {"lv_systolic_function": "normal"}),
        ("LV function returned to normal.", {"lv_systolic_function": "normal"}),
        ("Die eingeschränkte LV-Funktion normalisierte sich komplett.", {"lv_systolic_function": "normal"}),
        ("Die RV-Funktion hat sich normalisiert.", {"rv_systolic_function": "normal"}),
        ("EF normalised to 60%.", {"ejection_fraction": None}),
        ("The effusion has resolved.", {"pericardial_effusion": "none"}),
        ("The LV function is reduced.", {"lv_systolic_function": "reduced"}),
    ],
)
def test_what_returned_to_normal_is_normal(text: str, expected: dict[str, str | None]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("IVC dilated with minimal respiratory variability.", "reduced"),
        ("VCI dilatiert mit geringer Atemvariabilität.", "reduced"),
        ("IVC with good respiratory variation.", "normal"),
        ("VCI mit normaler Atemvariabilität.", "normal"),
        ("Mildly dilated IVC with normal collapse.", "normal"),
    ],
)
def test_little_collapse_is_reduced(text: str, value: str) -> None:
    assert values(text)["ivc_collapse"] == value


@pytest.mark.parametrize(
    ("text", "there", "never"),
    [
        ("Tricuspid valve: mildly sclerotic, opens well, mild regurgitation.", "tricuspid_regurgitation", "aortic"),
        ("Trikuspidalklappe: gering sklerosiert, gut öffnend, Insuffizienz I.", "tricuspid_regurgitation", "aortic"),
        ("Aortenklappe unauffällig. Pulmonalklappe: gut öffnend, Insuffizienz I.", "pulmonic_regurgitation",
         "aortic_leaflet_motion"),
        ("Mitral valve sclerotic, opens well, moderate regurgitation.", "mitral_regurgitation", "aortic"),
        ("Aortic valve sclerotic, opens well, moderate regurgitation.", "aortic_regurgitation", "mitral"),
    ],
)  # fmt: skip
def test_what_is_said_of_one_valve_is_not_said_of_another(text: str, there: str, never: str) -> None:
    read = values(text)
    assert there in read
    assert not any(name.startswith(never) for name in read)


@pytest.mark.parametrize(
    "text",
    [
        "AI III° und koronare 1-Gefäß-Erkrankung, jedoch ohne interventionsbedürftige Stenosen.",
        "Severe AR and coronary artery disease, but without stenosis.",
    ],
)
def test_a_stenosis_beside_a_coronary_is_no_valves(text: str) -> None:
    assert values(text) == {"aortic_regurgitation": "severe"}


@pytest.mark.parametrize("text", ["IAS and IVS are intact.", "Vorhofseptum intakt.", "The atrial septum is intact."])
def test_an_intact_septum_has_no_shunt_and_says_nothing_of_its_thickness(text: str) -> None:
    meaning = GRAMMAR.read(text)
    assert values(text)["interatrial_shunt"] == "absent"
    assert meaning.labels["atrial_septum_hypertrophy"] is None


@pytest.mark.parametrize(
    ("text", "entity", "value", "number"),
    [
        ("The mass is attached to the interatrial septum by a stalk (2 cm).", "mass", "present", None),
        ("Thrombus im linken Vorhof, 2 cm.", "la_thrombus", "present", None),
        ("Left atrium 45 mm.", "la_diameter", None, 45.0),
        ("8 mm breiter Perikarderguss.", "pericardial_effusion", "present", 8.0),
        ("Breiter Perikarderguss.", "pericardial_effusion", "severe", None),
        ("A 12 mm large pericardial effusion.", "pericardial_effusion", "present", 12.0),
        ("A large pericardial effusion of 25 mm.", "pericardial_effusion", "severe", 25.0),
    ],
)
def test_a_length_is_of_what_was_measured_and_no_grade(
    text: str, entity: str, value: str | None, number: float | None
) -> None:
    (finding,) = GRAMMAR.read(text).findings
    assert (finding.entity, finding.value, finding.number) == (entity, value, number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dilated aortic root measuring 5.5 cm mild aortic regurgitation.",
         {"aortic_root": "dilated", "aortic_regurgitation": "mild"}),
        ("Dilated LA mild MR.", {"la_size": "dilated", "mitral_regurgitation": "mild"}),
        ("Dilatierter LA geringe MI.", {"la_size": "dilated", "mitral_regurgitation": "mild"}),
        ("Mitralklappe mit 2 MitraClips: sklerosiert, Insuffizienz III.",
         {"mitraclip": "present", "mitral_regurgitation": "severe", "mitral_leaflets": "sclerotic"}),
        ("TAVI: no paravalvular leak.", {"aortic_prosthesis": "tavr", "paravalvular_leak": "absent"}),
        ("Shunts: small PFO.", {"pfo": "present"}),
        ("Pulmonalklappe nicht sicher dargestellt.", {"pulmonic_valve_structure": "not_assessed"}),
        ("Last echocardiogram showed EF 55%.", {"ejection_fraction": None}),
        ("TTE had not revealed any pericardial effusion.", {"pericardial_effusion": "none"}),
    ],
)  # fmt: skip
def test_each_noun_keeps_its_own(text: str, expected: dict[str, str | None]) -> None:
    assert values(text) == expected
