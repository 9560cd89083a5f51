"""Findings of the report language out of any sentence: what the report writer and the evidence are judged by."""

from model.echo.language.reader import finding_reader
from model.echo.phrases.reader import english
from model.report.language.language import Finding
from model.report.language.phrase_reader import PhraseReader

READ = finding_reader(english())


def test_a_phrase_is_read_as_before() -> None:
    exact = PhraseReader(english()).findings_in
    for phrase in english().phrases:
        assert READ(phrase.section, phrase.numberless) == exact(phrase.section, phrase.numberless)


def test_other_wordings_state_the_same() -> None:
    assert READ("Mitral Valve", "Mod MR.") == READ("Mitral Valve", "Moderate mitral insufficiency is present.")
    assert Finding("mitral_regurgitation", "moderate") in READ(None, "There is mod MR.")


def test_a_label_counts_as_a_finding_of_its_rule() -> None:
    found = READ("Right Ventricle", "RV is dilated.")
    assert Finding("rv_size", "dilated") in found
    assert any(finding.name == "rv_size" and finding.value in ("mild", "moderate", "severe") for finding in found)


def test_doubt_and_unknown_words_state_nothing() -> None:
    assert READ("Mitral Valve", "Possible moderate MR.") == ()
    assert READ("Mitral Valve", "The acoustic window was narrow.") == ()
