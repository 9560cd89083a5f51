"""Kinds of sentences in which a wrong reading does most harm, each with its neighbours in both languages."""

import pytest

from model.echo.language.reader import echo_grammar
from model.report.clinical_text.sentences import split_sentences

GRAMMAR = echo_grammar()


@pytest.mark.parametrize(
    ("text", "denied", "there"),
    [
        ("TEE excluded LA and LAA clots but showed an RA clot.", {"la_thrombus", "laa_thrombus"}, {"ra_thrombus"}),
        ("TEE ruled out LAA thrombus and showed a PFO.", {"laa_thrombus"}, {"pfo"}),
        ("TTE was performed, excluding pericardial effusion.", {"pericardial_effusion"}, set()),
        ("LAA thrombus ruled out by TEE.", {"laa_thrombus"}, set()),
        ("This argues against endocarditis.", {"endocarditis"}, set()),
        ("The valves are free from vegetations.", {"vegetation"}, set()),
        ("Im TEE konnte ein Perikarderguss ausgeschlossen werden.", {"pericardial_effusion"}, set()),
        ("TEE konnte Thromben ausschließen.", {"thrombus"}, set()),
        ("Das spricht gegen eine Endokarditis.", {"endocarditis"}, set()),
        ("Das TEE konnte Thromben ausschließen, zeigte aber eine MI.", {"thrombus"}, {"mitral_regurgitation"}),
    ],
)  # fmt: skip
def test_what_was_excluded_is_denied(text: str, denied: set[str], there: set[str]) -> None:
    findings = GRAMMAR.read(text).findings
    assert {f.entity for f in findings if f.polarity == "negative"} == denied
    assert {f.entity for f in findings if f.polarity == "positive"} == there


@pytest.mark.parametrize(
    "text",
    ["TEE did not exclude a thrombus.", "A thrombus cannot be excluded.", "Ein Thrombus ließ sich nicht ausschließen."],
)
def test_what_could_not_be_excluded_is_doubted(text: str) -> None:
    (finding,) = GRAMMAR.read(text).findings
    assert (finding.polarity, finding.certainty) == ("positive", "hedged")


@pytest.mark.parametrize("text", ["TEE to exclude thrombus.", "Rule out endocarditis."])
def test_what_is_to_be_excluded_is_no_finding(text: str) -> None:
    assert GRAMMAR.read(text).findings == ()


@pytest.mark.parametrize(
    ("text", "tavr"),
    [
        ("Aortenklappenbioprothese in situ.", None),
        ("Biologische Aortenklappenprothese.", None),
        ("Bioprosthesis in the aortic position.", None),
        ("Chirurgischer Aortenklappenersatz.", "no"),
        ("Surgical aortic valve replacement.", "no"),
        ("TAVI in situ.", "yes"),
    ],
)
def test_a_bioprosthesis_tells_not_how_it_was_put_in(text: str, tavr: str | None) -> None:
    meaning = GRAMMAR.read(text)
    assert any(f.entity == "aortic_prosthesis" and f.polarity == "positive" for f in meaning.findings)
    assert meaning.labels["tavr"] == tavr


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("RV ejection fraction 45 % and LV ejection fraction 39 %.", 39.0),
        ("RVEF 45 %.", None),
        ("Right ventricular EF 45%.", None),
        ("Rechtsventrikuläre Ejektionsfraktion 45 %.", None),
        ("Estimated ejection fraction ?50%.", None),
        ("EF 50 %?", None),
        ("EF 50 %.", 50.0),
    ],
)
def test_the_ejection_fraction_is_the_left_ventricles_and_sure(text: str, number: float | None) -> None:
    assert GRAMMAR.read(text).labels["ejection_fraction"] == number


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("MR of the brain shows severe changes.", "en"),
        ("Cardiac MR was normal.", "en"),
        ("Pat. mit Z.n. MI 2015.", "de"),
        ("Z. n. Vorderwand-MI 2015.", "de"),
        ("MR-Angiographie ohne Befund.", "de"),
    ],
)
def test_an_image_or_an_infarct_is_no_regurgitation(text: str, language: str) -> None:
    assert not any(f.entity == "mitral_regurgitation" for f in GRAMMAR.findings(text, language))


@pytest.mark.parametrize(
    ("text", "language"), [("sysPAP 38 mmHg.", "de"), ("sysPAP: 38 mmHg", "de"), ("sysPAP 38 mmHg.", "en")]
)
def test_an_abbreviated_pressure(text: str, language: str) -> None:
    assert GRAMMAR.read(text, language).labels["pulmonary_artery_pressure_continuous"] == 38.0


@pytest.mark.parametrize(
    ("text", "stated", "doubted"),
    [
        ("Moderate mitral regurgitation, possibly due to prolapse.", "moderate", {"mitral_valve_prolapse"}),
        ("Severe mitral regurgitation is likely secondary to a flail leaflet.", "severe", {"flail_leaflet"}),
        ("Mittelgradige Mitralinsuffizienz, am ehesten bei Prolaps.", "moderate", {"mitral_valve_prolapse"}),
        ("Schwere Mitralinsuffizienz, möglicherweise bedingt durch Prolaps.", "severe", {"mitral_valve_prolapse"}),
        ("Moderate mitral regurgitation, possibly rheumatic in origin.", "moderate", set()),
        ("Likely moderate mitral regurgitation due to prolapse.", None, {"mitral_regurgitation"}),
        ("Wahrscheinlich mittelgradige MI bei Prolaps.", None, {"mitral_regurgitation"}),
    ],
)  # fmt: skip
def test_a_doubted_cause_leaves_its_finding_stated(text: str, stated: str | None, doubted: set[str]) -> None:
    findings = GRAMMAR.read(text).findings
    assert {f.entity for f in findings if f.certainty == "hedged"} == doubted
    sure = [f.value for f in findings if f.entity == "mitral_regurgitation" and f.certainty == "stated"]
    assert sure == ([stated] if stated else [])


@pytest.mark.parametrize("text", ["MR, not due to prolapse.", "MI, nicht durch Prolaps bedingt."])
def test_a_denied_cause_leaves_its_finding(text: str) -> None:
    read = {f.entity: f.polarity for f in GRAMMAR.read(text).findings}
    assert read == {"mitral_regurgitation": "positive", "mitral_valve_prolapse": "negative"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Mitral regurgitation progressed from moderate to severe.", "severe"),
        ("Mitral regurgitation has improved from severe to mild.", "mild"),
        ("Die Mitralinsuffizienz hat von leicht auf mittelgradig zugenommen.", "moderate"),
        ("MI von schwer auf leicht rückläufig.", "mild"),
        ("Mitral regurgitation ranges from mild to moderate.", "mild-moderate"),
        ("Mild to moderate mitral regurgitation.", "mild-moderate"),
        ("Leichte bis mittelgradige MI.", "mild-moderate"),
    ],
)
def test_a_change_takes_the_present_grade_and_a_range_both(text: str, value: str) -> None:
    assert [f.value for f in GRAMMAR.read(text).findings if f.entity == "mitral_regurgitation"] == [value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LV normal. A dilated and hypokinetic right ventricle.",
         {"rv_size": "dilated", "rv_systolic_function": "reduced"}),
        ("LV normal. Dilatierter, hypokinetischer rechter Ventrikel.",
         {"rv_size": "dilated", "rv_systolic_function": "reduced"}),
        ("LA dilatiert, RA und RV normal groß.", {"la_size": "dilated", "ra_size": "normal", "rv_size": "normal"}),
        ("LA dilated, RA and RV normal in size.", {"la_size": "dilated", "ra_size": "normal", "rv_size": "normal"}),
        ("Mild, eccentric mitral regurgitation.", {"mitral_regurgitation": "mild"}),
        ("Geringer, nicht hämodynamisch relevanter Perikarderguss.", {"pericardial_effusion": "mild"}),
        ("MR mild, TR moderate.", {"mitral_regurgitation": "mild", "tricuspid_regurgitation": "moderate"}),
        ("Anterior leaflet flail, normal biventricular function.", {"flail_leaflet": "present"}),
    ],
)  # fmt: skip
def test_an_adjective_belongs_to_its_own_noun(text: str, expected: dict[str, str]) -> None:
    read = {f.entity: f.value for f in GRAMMAR.read(text).findings}
    assert expected.items() <= read.items()
    assert "mitral_leaflets" not in read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Concentric, not hypertrophied.", {"lv_wall_thickness": "normal"}),
        ("Konzentrisch, nicht hypertrophiert.", {"lv_wall_thickness": "normal"}),
        ("Concentric remodeling, not hypertrophied.",
         {"lv_wall_thickness": "normal", "lv_hypertrophy_pattern": "concentric_remodeling"}),
        ("Concentric hypertrophy.", {"lv_wall_thickness": "present", "lv_hypertrophy_pattern": "concentric"}),
        ("Aortic valve thickened with normal function.", {"aortic_leaflets": "thickened"}),
        ("Mitralklappe verdickt, sonst unauffällig.", {"mitral_leaflets": "thickened"}),
        ("Mitral valve normal.", {"mitral_valve_structure": "normal"}),
        ("Restrictive VSD.", {"ventricular_septal_defect": "present"}),
        ("Der VSD ist klein und restriktiv.", {"ventricular_septal_defect": "present"}),
        ("Restrictive filling pattern.", {"diastolic_function": "grade_3"}),
        ("Dilated IVC without respiratory variation.", {"ivc_size": "dilated", "ivc_collapse": "reduced"}),
        ("IVC 2.4 cm, collapses less than 50%.", {"ivc_diameter": None, "ivc_collapse": "reduced"}),
        ("Kleiner Erguss ohne hämodynamische Relevanz.", {"pericardial_effusion": "mild", "tamponade": "absent"}),
        ("Leichte Klappenveränderungen ohne hämodynamische Relevanz.", {}),
        ("Die Segel sind starr.", {}),
        ("Zu einer Größenzunahme des LV ist es nicht gekommen.", {"lv_size": "normal"}),
        ("Weder ein Perikarderguss noch eine MI.", {"pericardial_effusion": "none", "mitral_regurgitation": "none"}),
        ("Neither effusion nor MR.", {"pericardial_effusion": "none", "mitral_regurgitation": "none"}),
        ("Das TEE schloss einen LAA-Thrombus aus.", {"laa_thrombus": "absent"}),
        ("TEE rules out an LAA thrombus.", {"laa_thrombus": "absent"}),
        ("The mitral regurgitation has disappeared.", {"mitral_regurgitation": "none"}),
        ("Der Perikarderguss ist verschwunden.", {"pericardial_effusion": "none"}),
        ("Echo for evaluation of MR showed a PFO.", {"pfo": "present"}),
        ("Zur Abklärung einer MI zeigte das Echo ein PFO.", {"pfo": "present"}),
        ("In der Kontrolle kein Perikarderguss.", {"pericardial_effusion": "none"}),
        ("The jet was seen without quantifying the mitral regurgitation.", {"mitral_regurgitation": "present"}),
        ("Die Segel der Trikuspidalklappe lassen eine regelrechte Koaptation vermissen.", {}),
        ("BioTVR stable.", {"tricuspid_prosthesis": "present"}),
        ("BioXVR stable.", {}),
        ("BioAVR stable.", {"aortic_prosthesis": "surgical"}),
        ("Septal mitral annular movement is reduced at 0.08 m/s.", {"e_prime": None}),
        ("Septal wall motion is abnormal.", {"septal_motion": "abnormal"}),
        ("Mitral annular thickening, leaflets thin and mobile.",
         {"mitral_annulus_thickness": "present", "mitral_leaflets": "normal", "mitral_valve_structure": "normal"}),
        ("Der linke Vorhof ist nicht beurteilt.", {"la_size": "not_assessed"}),
        ("Holosystolischer Rückfluss in den Pulmonalvenen.", {"pulmonary_vein_flow": "systolic_reversal"}),
        ("RVSP, as estimated from the TR velocity, is 52 mmHg.", {"pulmonary_artery_pressure": None}),
        ("RVSP 40 mmHg, TR Vmax 3 m/s.", {"pulmonary_artery_pressure": None, "tr_velocity": None}),
    ],
)  # fmt: skip
def test_what_is_said_and_nothing_else(text: str, expected: dict[str, str | None]) -> None:
    assert {f.entity: f.value for f in GRAMMAR.read(text).findings} == expected


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Moderate paravalvular leak.", None),
        ("Mechanische Klappenprothese, mittelgradiges paravalvuläres Leck.", None),
        ("Mechanical mitral valve with moderate paravalvular leak.", None),
        ("Moderate paravalvular leak of the aortic prosthesis.", "yes"),
        ("TAVI mit mittelgradigem paravalvulärem Leck.", "yes"),
    ],
)
def test_a_leak_of_an_unnamed_or_other_valve_is_no_aortic_regurgitation(text: str, label: str | None) -> None:
    assert GRAMMAR.read(text).labels["aortic_regurgitation"] == label


@pytest.mark.parametrize("text", ["Mean gradient 12 mmHg.", "Peak gradient 30 mmHg.", "Mittlerer Gradient 12 mmHg."])
def test_a_gradient_of_an_unnamed_valve_is_no_valves(text: str) -> None:
    (finding,) = GRAMMAR.read(text).findings
    assert finding.section == "Other"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ventricule gauche non dilaté, FEVG 60 %.", "french"),
        ("Válvula mitral normal.", "spanish"),
        ("Stenosi aortica severa.", "italian"),
        ("Sem derrame pericárdico.", "portuguese"),
        ("Goede functie, geen pericardvocht.", "dutch"),
    ],
)
def test_a_short_text_in_another_language_is_not_read_as_english(text: str, language: str) -> None:
    meaning = GRAMMAR.read(text)
    assert (meaning.language, meaning.findings) == (language, ())


@pytest.mark.parametrize("text", ["LA normal.", "Mitral normal.", "De novo MR.", "Aorta o. B.", "No AS, no AR."])
def test_a_short_text_in_a_language_that_is_read(text: str) -> None:
    assert GRAMMAR.other_language(text) is None


@pytest.mark.parametrize(
    ("text", "denied", "present"),
    [
        ("MR (-), TR (+), AR (-)", {"mitral_regurgitation", "aortic_regurgitation"}, set()),
        ("MI (-), TI (+)", {"mitral_regurgitation"}, set()),
        ("severe MR (+), AR (-)", {"aortic_regurgitation"}, {"mitral_regurgitation"}),
        ("Aortic stenosis: [x] none [ ] severe", {"aortic_stenosis"}, set()),
        ("Aortic stenosis: [ ] none [x] severe", set(), {"aortic_stenosis"}),
        ("Mitral regurgitation ☐ none ☒ severe", set(), {"mitral_regurgitation"}),
        ("Pericardial effusion (-).", {"pericardial_effusion"}, set()),
    ],
)
def test_signs_and_boxes_are_read_as_the_words_they_stand_for(text: str, denied: set[str], present: set[str]) -> None:
    labels = GRAMMAR.read(text).labels
    assert {name for name, value in labels.items() if value == "no"} == denied
    assert {name for name, value in labels.items() if value == "yes"} == present


@pytest.mark.parametrize("text", ["Z.n. TAVI, kein paravalv. Leck.", "Status post TAVR, no paravalv. leak."])
def test_a_denied_noun_stays_with_its_denial(text: str) -> None:
    (sentence,) = split_sentences(text)
    leaks = [f.polarity for f in GRAMMAR.read(sentence).findings if f.entity == "paravalvular_leak"]
    assert leaks == ["negative"]


@pytest.mark.parametrize(
    "text", ["LA DIAM 4.8 CM     AO ROOT 3.2 CM", "LA 4.8 cm   Ao root 3.2 cm", "LA 4.8 cm\tAo root 3.2 cm"]
)
def test_a_number_stays_in_its_column(text: str) -> None:
    numbers = {f.entity: f.number for one in split_sentences(text) for f in GRAMMAR.read(one).findings if f.number}
    assert numbers == {"la_diameter": 4.8, "aortic_root": 3.2}
