"""What the answer calls, its text does not deny."""

from dataclasses import replace
from functools import partial

import pytest

from model.report.language.language import Finding, LabelRule
from model.report.writing.calls import allowed_evidence
from model.report.writing.report_writer import ReportWriter
from tests.model.report.bridge import CPU, LANGUAGE, evidence, read, request, tokenizer
from tests.model.report.bridge_training import trained

SOUND, CRACKED = Finding("deck", "sound"), Finding("deck", "cracked")
CALLING = replace(
    LANGUAGE,
    labels=(
        LabelRule("deck_cracked", "deck", ("cracked",), ("sound",)),
        LabelRule("heavy", "load_class", ("heavy",), ("light",)),
        LabelRule("load", slot="load"),
    ),
)
OFFERED = (evidence("The deck is sound.", 0.6, (1, 2, 3)), evidence("The deck is cracked.", 0.3, (4,)))


def findings(sentence):  # type: ignore[no-untyped-def]  # evidence → findings
    return read("Deck", sentence.numberless)


def test_only_what_denies_a_call_is_barred() -> None:
    assert CALLING.denying({"deck_cracked": True}) == {SOUND}
    assert CALLING.denying({"deck_cracked": False, "heavy": True}) == {CRACKED, Finding("load_class", "light")}
    assert CALLING.denying({"load": True, "unknown": False}) == frozenset()
    assert CALLING.denying({}) == frozenset()


def test_support_of_what_is_left_is_as_if_nobody_had_said_the_barred() -> None:
    load = evidence("The deck carries a heavy load of <load> t.", 0.4)
    left = allowed_evidence((*OFFERED, load), findings, {SOUND})
    assert [(s.template, s.support) for s in left] == [
        ("The deck is cracked.", pytest.approx(0.9)),
        (load.template, 0.4),
    ]
    assert allowed_evidence(OFFERED, findings, set()) == OFFERED
    assert allowed_evidence((), findings, {SOUND}) == ()
    assert allowed_evidence(OFFERED, findings, {SOUND, CRACKED}) == ()


@pytest.mark.parametrize("cracked", [True, False])
def test_no_report_denies_a_call_whatever_most_neighbours_say(cracked: bool) -> None:
    writer = partial(ReportWriter, decoder=trained(), tokenizer=tokenizer(), read=read, placement=CPU)
    for seed in range(6):
        for offered in (OFFERED, tuple(replace(s, support=0.9 - s.support) for s in OFFERED), ()):
            study = replace(request(seed, evidence={"Deck": offered}), calls={"deck_cracked": cracked})
            report = writer(language=CALLING).write(study)
            said = {f for s in report.sections["Deck"] for f in read("Deck", s.text)}
            assert (SOUND if cracked else CRACKED) not in said
            if offered:
                assert (CRACKED if cracked else SOUND) in said


def test_a_number_that_asks_for_words_against_a_call_is_left_unsaid() -> None:
    heavy = evidence("The deck carries a heavy load of <load> t.", 0.9)
    study = replace(
        request(3, evidence={"Deck": (heavy,)}), calls={"heavy": True}, slot_values={"Deck": {"load": (12.0,) * 20}}
    )
    report = ReportWriter(decoder=trained(), tokenizer=tokenizer(), language=CALLING, read=read, placement=CPU).write(
        study
    )
    said = [sentence.text for sentence in report.sections["Deck"]]
    assert "The deck carries a heavy load." in said
    assert not any("light" in text or "12" in text for text in said)
