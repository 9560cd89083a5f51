"""State, text and labels agree: reports read back to the labels, whole, shuffled and with sentences removed."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pytest

from model.echo.phrases.reader import PhraseReader, english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import LabelRule, Language, Phrase
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from scripts.rendered.phantom.patient.state import SEGMENTS, Grade, HeartState, WallMotion
from tests.scripts.rendered.phantom.read_back import drawn, texts

READER = PhraseReader(english())


def test_ten_thousand_reports_return_every_label() -> None:
    for state, report in drawn(5000):
        reading = READER.read_report(texts(report))
        assert reading.labels == labels_of(state)
        assert reading.unread == ()


def test_sentences_shuffled_within_and_among_sections_return_every_label() -> None:
    rng = np.random.default_rng(1)
    for state, report in drawn(500):
        sections = texts(report)
        sentences = [sentence for said in sections.values() for sentence in said]
        rng.shuffle(sentences)
        among = {section: [sentences.pop() for _ in said] for section, said in sections.items()}
        within = {section: list(rng.permutation(said)) for section, said in sections.items()}
        assert READER.read_report(among).labels == READER.read_report(within).labels == labels_of(state)


def test_a_sentence_is_understood_without_its_section() -> None:
    for _, report in drawn(100):
        for said in report.values():
            for sentence in said:
                reading = READER.read_sentence(None, text_of(sentence, english()))
                assert (reading.findings, reading.value) == (sentence.phrase.findings, sentence.value)


def test_removing_what_states_a_label_makes_exactly_the_labels_stated_there_unknown() -> None:
    for state, report in drawn(100):
        for rule in english().labels:
            kept = {section: [s for s in said if not _states(s.phrase, rule)] for section, said in report.items()}
            removed = [s.phrase for said in report.values() for s in said if _states(s.phrase, rule)]
            unknown = {other.phenotype for other in english().labels if any(_states(p, other) for p in removed)}
            left = READER.read_report(
                {section: [text_of(s, english()) for s in said] for section, said in kept.items()}
            ).labels
            assert left[rule.phenotype] is None
            assert left == {name: None if name in unknown else value for name, value in labels_of(state).items()}, (
                rule.phenotype
            )


def _states(phrase: Phrase, rule: LabelRule) -> bool:
    if rule.slot is not None:
        return phrase.slot == rule.slot
    return any(finding.name == rule.finding for finding in phrase.findings)


def test_each_finding_is_stated_by_exactly_one_sentence_and_nothing_untrue_is_said() -> None:
    for state, report in drawn(500):
        for section, findings in findings_of(state).items():
            said = Counter(finding for sentence in report[section] for finding in sentence.phrase.findings)
            assert all(said[finding] == 1 for finding in findings.stated)
            assert said.keys() <= set(findings.stated) | findings.implied


def test_reports_never_contradict_themselves() -> None:
    for _, report in drawn(2000):
        findings = [finding for said in report.values() for sentence in said for finding in sentence.phrase.findings]
        assert english().contradicted_by(findings) == ()


def test_words_and_numbers_of_a_sentence_agree() -> None:
    for _, report in drawn(300):
        for said in report.values():
            for sentence in said:
                if sentence.value is not None and sentence.phrase.slot is not None:
                    asked = english().finding_for(sentence.phrase.slot, sentence.value)
                    names = {finding.name: finding for finding in sentence.phrase.findings}
                    assert asked is None or asked.name not in names or names[asked.name] == asked


def test_sections_follow_the_taxonomy() -> None:
    state = dataclasses.replace(state_of(1, 1, "clinical"), postoperative=False)
    report = report_of(state, english(), np.random.default_rng(0))
    assert tuple(report) == ECHO_TAXONOMY.sections
    after = report_of(dataclasses.replace(state, postoperative=True), english(), np.random.default_rng(0))
    assert tuple(after) == (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)


def test_a_section_stays_short() -> None:
    """A decoder writes a section row in one go: at most about 60 words, in 99 of 100 sections."""
    words = [sum(len(text.split()) for text in said) for _, report in drawn(300) for said in texts(report).values()]
    assert np.percentile(words, 99) <= 60


def test_the_wording_is_drawn_and_reproducible() -> None:
    state = state_of(1, 1, "clinical")
    reports = [texts(report_of(state, english(), np.random.default_rng(seed))) for seed in (0, 0, 1)]
    assert reports[0] == reports[1] != reports[2]


@pytest.mark.parametrize("seed", range(20))
def test_any_state_can_be_written_not_only_drawn_ones(seed: int) -> None:
    state = _arbitrary(np.random.default_rng(seed))
    reading = READER.read_report(texts(report_of(state, english(), np.random.default_rng(seed))))
    assert reading.labels == labels_of(state)


def _arbitrary(rng: np.random.Generator) -> HeartState:
    """A patient of the prior with every grade and segment drawn anew, without regard to sense."""
    state = state_of(int(rng.integers(1000)), 0, "clinical")
    grades: dict[str, Any] = {
        field.name: Grade(int(rng.integers(5)))
        for field in dataclasses.fields(state)
        if isinstance(getattr(state, field.name), Grade)
    }
    scores = tuple(WallMotion(int(rng.integers(1, 5))) for _ in SEGMENTS)
    return dataclasses.replace(state, **grades, wall_motion=scores, pericardial_effusion_mm=float(rng.uniform(0, 30)))


def test_an_implausible_number_is_not_stated() -> None:
    state = dataclasses.replace(state_of(1, 1, "clinical"), ejection_fraction_percent=99.0)
    reading = READER.read_report(texts(report_of(state, english(), np.random.default_rng(0))))
    assert reading.labels["ejection_fraction"] is None


def test_a_language_without_a_wording_is_named() -> None:
    full = english()
    mute = Language("mute", full.slots, (), full.bands, full.labels, full.contradictions)
    with pytest.raises(KeyError, match=r"mute.*Left Ventricle"):
        report_of(state_of(1, 1, "clinical"), mute, np.random.default_rng(0))
