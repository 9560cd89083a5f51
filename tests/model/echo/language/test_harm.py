"""Kinds of sentences in which a wrong reading does most harm, each with its neighbours in both languages."""

import pytest

from model.echo.language.reader import echo_grammar

GRAMMAR = echo_grammar()


@pytest.mark.parametrize(
    ("text", "denied", "there"),
    [
        ("TEE excluded LA and LAA clots but showed an RA clot.", {"la_thrombus", "laa_thrombus"}, {"ra_thrombus"}),
        ("TEE ruled out LAA thrombus and showed a PFO.", {"laa_thrombus"}, {"pfo"}),
        ("CT was performed, excluding pericardial effusion.", {"pericardial_effusion"}, set()),
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
