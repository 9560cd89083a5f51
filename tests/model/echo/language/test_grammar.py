"""Scope, lists, grades and doubt, over every lesion of the lexicon; and that any text is read without an error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.language.reader import echo_grammar
from model.report.clinical_text.stated import StatedFinding

GRAMMAR = echo_grammar()
ENGLISH = {
    "mitral regurgitation": "mitral_regurgitation", "AS": "aortic_stenosis", "TR": "tricuspid_regurgitation",
    "aortic insufficiency": "aortic_regurgitation", "pulmonic regurgitation": "pulmonic_regurgitation",
    "mitral stenosis": "mitral_stenosis", "pericardial effusion": "pericardial_effusion",
}  # fmt: skip
GERMAN = {
    "Mitralklappeninsuffizienz": "mitral_regurgitation", "Aortenstenose": "aortic_stenosis",
    "TI": "tricuspid_regurgitation", "AI": "aortic_regurgitation",
    "Pulmonalinsuffizienz": "pulmonic_regurgitation", "Perikarderguss": "pericardial_effusion",
}  # fmt: skip
GRADES = {"en": {"mild": "mild", "moderate": "moderate", "severe": "severe"},
          "de": {"leichte": "mild", "mittelgradige": "moderate", "hochgradige": "severe"}}  # fmt: skip


def found(text: str, language: str) -> dict[str, StatedFinding]:
    return {finding.entity: finding for finding in GRAMMAR.findings(text, language)}


@given(st.lists(st.sampled_from(sorted(ENGLISH)), min_size=2, max_size=4, unique=True), st.sampled_from(["or", "and"]))
@settings(deadline=None)
def test_no_reaches_over_a_list(names: list[str], joint: str) -> None:
    text = f"No {', '.join(names[:-1])} {joint} {names[-1]}."
    assert {e: f.polarity for e, f in found(text, "en").items()} == {ENGLISH[name]: "negative" for name in names}


@given(st.lists(st.sampled_from(sorted(GERMAN)), min_size=2, max_size=4, unique=True))
@settings(deadline=None)
def test_kein_reaches_over_a_list(names: list[str]) -> None:
    text = f"Keine {', '.join(names[:-1])} oder {names[-1]}."
    assert {e: f.polarity for e, f in found(text, "de").items()} == {GERMAN[name]: "negative" for name in names}


@given(
    st.permutations(sorted(ENGLISH)),
    st.sampled_from(sorted(GRADES["en"])),
    st.sampled_from([", ", "; ", ". ", " but ", " and "]),
)
@settings(deadline=None)
def test_no_ends_where_the_next_is_graded(names: list[str], grade: str, joint: str) -> None:
    denied, graded = names[:2]
    read = found(f"No {denied}{joint}{grade} {graded}.", "en")
    assert read[ENGLISH[denied]].polarity == "negative"
    assert (read[ENGLISH[graded]].polarity, read[ENGLISH[graded]].value) == ("positive", grade)


@given(
    st.permutations(sorted(GERMAN)),
    st.sampled_from(sorted(GRADES["de"])),
    st.sampled_from([", ", "; ", ". ", ", aber "]),
)
@settings(deadline=None)
def test_kein_ends_where_the_next_is_graded(names: list[str], grade: str, joint: str) -> None:
    denied, graded = names[:2]
    read = found(f"Keine {denied}{joint}{grade} {graded}.", "de")
    assert read[GERMAN[denied]].polarity == "negative"
    assert (read[GERMAN[graded]].polarity, read[GERMAN[graded]].value) == ("positive", GRADES["de"][grade])


@pytest.mark.parametrize("name", sorted(ENGLISH))
@pytest.mark.parametrize(
    ("form", "polarity", "certainty"),
    [
        ("No evidence of {}.", "negative", "stated"),
        ("There is no significant {} seen.", "negative", "stated"),
        ("{} is absent.", "negative", "stated"),
        ("{}: none", "negative", "stated"),
        ("Without {}.", "negative", "stated"),
        ("No findings suggestive of {}.", "negative", "stated"),
        ("{} cannot be excluded.", "positive", "hedged"),
        ("Cannot rule out {}.", "positive", "hedged"),
        ("Possible {}.", "positive", "hedged"),
        ("{}?", "positive", "hedged"),
        ("{} is seen.", "positive", "stated"),
        ("SEVERE {}.", "positive", "stated"),
    ],
)
def test_polarity_and_doubt(name: str, form: str, polarity: str, certainty: str) -> None:
    read = found(form.format(name), "en")[ENGLISH[name]]
    assert (read.polarity, read.certainty) == (polarity, certainty)


@pytest.mark.parametrize("name", sorted(GERMAN))
@pytest.mark.parametrize(
    ("form", "polarity", "certainty"),
    [
        ("Kein Hinweis auf {}.", "negative", "stated"),
        ("Ohne {}.", "negative", "stated"),
        ("{} nicht nachweisbar.", "negative", "stated"),
        ("{}: keine", "negative", "stated"),
        ("{} nicht auszuschließen.", "positive", "hedged"),
        ("V. a. {}.", "positive", "hedged"),
        ("Hochgradige {}.", "positive", "stated"),
    ],
)
def test_polarity_and_doubt_in_german(name: str, form: str, polarity: str, certainty: str) -> None:
    read = found(form.format(name), "de")[GERMAN[name]]
    assert (read.polarity, read.certainty) == (polarity, certainty)


@pytest.mark.parametrize(
    "text", ["Indication: severe MR.", "Rule out endocarditis.", "Recommend TEE to evaluate for vegetation."]
)
def test_what_is_asked_for_is_no_finding(text: str) -> None:
    assert GRAMMAR.findings(text, "en") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [("Perikarderguss von 12 mm, keine MI.", "de"), ("No RWMA, LVEF 60%, mild MR.", "en"), ("Z. n. TAVI.", "de")],
)
def test_the_language_of_a_sentence(text: str, language: str) -> None:
    assert GRAMMAR.language_of(text) == language


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    assert GRAMMAR.read(text).text == text


@given(
    st.lists(
        st.sampled_from([*sorted(GRAMMAR.lexicons["en"].vocabulary), ".", ",", "no", "12", "%", ";", "(", ")"]),
        max_size=30,
    )
)
@settings(deadline=None, max_examples=200)
def test_any_words_of_the_lexicon_can_be_read(words: list[str]) -> None:
    for finding in GRAMMAR.read(" ".join(words)).findings:
        assert finding.entity


@pytest.mark.parametrize("language", GRAMMAR.lexicons)
def test_no_term_stands_for_two_things(language: str) -> None:
    lexicon = GRAMMAR.lexicons[language]
    seen: dict[tuple[str, ...], str] = {}
    for kind, names in lexicon.entries.items():
        for name, terms in names.items():
            for term in terms:
                key = tuple(token.key for token in lexicon.tokens(term))
                assert key, term
                assert seen.setdefault(key, f"{kind} {name}") == f"{kind} {name}", term


@pytest.mark.parametrize("language", GRAMMAR.lexicons)
def test_every_mention_has_a_meaning(language: str) -> None:
    table = GRAMMAR.table
    subjects = {subject for names in table.aspects.values() for subject in names} | set(table.groups) | table.foreign
    for name, mention in GRAMMAR.lexicons[language].mentions.items():
        assert mention.aspect is None or mention.aspect in table.aspects, name
        assert mention.subject is None or mention.subject in subjects | set(table.lengths) | set(table.parents), name


def test_a_misspelt_term_is_read_and_an_ordinary_word_is_not() -> None:
    assert found("Moderatly dilated left atriun.", "en")["la_size"].value == "moderate"
    assert found("No pericardal efusion.", "en")["pericardial_effusion"].polarity == "negative"
    assert found("The value of the measurement is uncertain.", "en") == {}


@pytest.mark.parametrize(
    ("text", "language", "there"),
    [
        ("No paravalvular leak of the aortic prosthesis.", "en", "aortic_prosthesis"),
        ("No vegetation on the pacemaker lead.", "en", "pacemaker_lead"),
        ("No residual regurgitation after MitraClip.", "en", "mitraclip"),
        ("No thrombus in the dilated left atrium.", "en", "la_size"),
        ("A thrombus could not be seen on the ICD lead.", "en", "pacemaker_lead"),
        ("Significant MR was not detected in the bioprosthesis.", "en", "mitral_prosthesis"),
        ("Kein Restshunt über den PFO-Okkluder.", "de", "septal_closure_device"),
        ("Kein Thrombus im erweiterten linken Vorhof.", "de", "la_size"),
    ],
)
def test_a_place_is_not_denied(text: str, language: str, there: str) -> None:
    """ "No leak of the prosthesis": the prosthesis is there, the leak is not."""
    read = found(text, language)
    assert {finding.polarity for entity, finding in read.items() if entity != there} == {"negative"}
    assert read[there].polarity == "positive"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("No pacemaker lead seen.", "en"),
        ("No intracardiac device leads are seen.", "en"),
        ("There is no evidence of edge-to-edge mitral repair.", "en"),
        ("Failed to show any thrombus.", "en"),
        ("Negative bubble study for PFO.", "en"),
        ("Der Thrombus ist nach Lyse nicht mehr nachweisbar.", "de"),
        ("No aortic valve replacement or pacemaker.", "en"),
        ("No thickening of the mitral leaflets.", "en"),
        ("No evidence of dilatation of the aortic root.", "en"),
        ("Kein Hinweis auf einen früheren Aortenklappenersatz.", "de"),
        ("Keine Schrittmachersonde.", "de"),
    ],
)
def test_what_is_denied_itself_is_denied(text: str, language: str) -> None:
    read = found(text, language)
    assert read
    assert {finding.polarity for finding in read.values()} == {"negative"}


def test_a_defect_that_is_only_a_place_is_left_open() -> None:
    assert "pfo" not in found("No shunt across the PFO.", "en")


@pytest.mark.parametrize("text", ["Restriction of the posterior leaflet.", "Restriktion des posterioren Segels."])
def test_a_restricted_leaflet_is_no_filling_pattern(text: str) -> None:
    assert "diastolic_function" not in found(text, GRAMMAR.language_of(text))


def test_a_count_is_no_measurement() -> None:
    assert not found("Underlying AF so EF averaged over 5 beats.", "en")
    assert found("EF ermittelt über 5 Schläge: 48 %.", "de")["ejection_fraction"].number == 48


def test_each_of_two_gradients_takes_its_own_number() -> None:
    read = found("AV: Vmax 4.3m/s, PG 74mmHg mean 45mmHg.", "en")
    assert (read["aortic_peak_gradient"].number, read["aortic_mean_gradient"].number) == (74, 45)


def test_headings_in_one_line_end_what_stands_before() -> None:
    read = found("EF: 30-35% Valves: mod MR, no AS Other: small effusion", "en")
    assert read["ejection_fraction"].number == (30, 35)
    assert [read[name].polarity for name in ("mitral_regurgitation", "aortic_stenosis", "pericardial_effusion")] == [
        "positive", "negative", "positive",
    ]  # fmt: skip


def test_an_item_that_with_describes_is_not_denied() -> None:
    read = found("No LAA thrombus, PFO with right-to-left shunt.", "en")
    assert "pfo" not in read or read["pfo"].polarity == "positive"
    assert read["interatrial_shunt"].polarity == "positive"
