"""The form of the shipped phrase file: enough wordings, none ambiguous, tables that fit each other and the taxonomy."""

from collections import Counter

from model.echo.phrases.reader import PhraseReader, english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import Finding
from model.report.language.phrase_reader import sentences_of

LANGUAGE = english()
FINDINGS = {finding for phrase in LANGUAGE.phrases for finding in phrase.findings}
VALUES = {named.name: {finding.value for finding in FINDINGS if finding.name == named.name} for named in FINDINGS}


def test_the_bank_covers_all_sections_with_two_wordings_for_each_finding() -> None:
    assert len(LANGUAGE.phrases) >= 320
    sections = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
    assert {phrase.section for phrase in LANGUAGE.phrases} == set(sections)
    stating = Counter((phrase.section, finding) for phrase in LANGUAGE.phrases for finding in phrase.findings)
    assert [key for key, count in stating.items() if count < 2] == []


def test_a_finding_belongs_to_one_section() -> None:
    sections = Counter(name for name, _ in {(f.name, p.section) for p in LANGUAGE.phrases for f in p.findings})
    assert max(sections.values()) == 1


def test_a_wording_is_one_sentence_that_no_other_phrase_has() -> None:
    reader = PhraseReader(LANGUAGE)
    for phrase in LANGUAGE.phrases:
        for wording in (phrase.template, phrase.numberless):
            assert sentences_of(wording) == [wording]
            assert wording.endswith(".")
            assert reader.read_sentence(None, wording).phrase is phrase


def test_a_number_is_followed_by_its_unit() -> None:
    for phrase in LANGUAGE.phrases:
        if phrase.slot is not None:
            after = phrase.template.partition(">")[2].lstrip()
            assert after.startswith(LANGUAGE.slots[phrase.slot].unit), phrase.phrase_id
            assert phrase.numberless != phrase.template


def test_every_slot_is_used_and_governs_words_that_exist() -> None:
    assert {phrase.slot for phrase in LANGUAGE.phrases} - {None} == set(LANGUAGE.slots)
    assert {band.slot for band in LANGUAGE.bands} == set(LANGUAGE.slots)
    for band in LANGUAGE.bands:
        assert band.low < band.high
        assert band.value in VALUES[band.finding]


def test_bands_leave_no_gap_in_the_plausible_range() -> None:
    for slot in LANGUAGE.slots.values():
        step = 10**-slot.decimals
        value = slot.low
        while value <= slot.high:
            assert LANGUAGE.finding_for(slot.name, value) is not None, (slot.name, value)
            value += step


def test_phenotypes_of_slots_have_the_range_of_the_taxonomy() -> None:
    for slot in LANGUAGE.slots.values():
        if slot.phenotype is not None:
            phenotype = ECHO_TAXONOMY.phenotype(slot.phenotype)
            assert (slot.unit, slot.low, slot.high) == (phenotype.unit, phenotype.low, phenotype.high)


def test_label_rules_cover_the_25_phenotypes_and_every_value_of_their_findings() -> None:
    assert [rule.phenotype for rule in LANGUAGE.labels] == list(ECHO_TAXONOMY.phenotype_names)
    for rule in LANGUAGE.labels:
        continuous = ECHO_TAXONOMY.phenotype(rule.phenotype).kind == "continuous"
        assert continuous == (rule.slot is not None)
        if rule.finding is not None:
            assert set(rule.positive) | set(rule.negative) == VALUES[rule.finding]
            assert not set(rule.positive) & set(rule.negative)


def test_a_label_is_stated_in_the_section_whose_neighbours_vote_on_it() -> None:
    for rule in LANGUAGE.labels:
        stating = {
            phrase.section
            for phrase in LANGUAGE.phrases
            if (rule.slot is not None and phrase.slot == rule.slot)
            or any(finding.name == rule.finding for finding in phrase.findings)
        }
        assert stating == {ECHO_TAXONOMY.phenotype(rule.phenotype).section}


def test_contradictions_name_what_can_be_said_and_can_each_be_found() -> None:
    assert len(LANGUAGE.contradictions) >= 15
    for rule in LANGUAGE.contradictions:
        for name, values in (rule.first, rule.second):
            assert set(values) <= VALUES[name], rule.name
        for first in rule.first[1]:
            for second in rule.second[1]:
                said = (Finding(rule.first[0], first), Finding(rule.second[0], second))
                assert rule in LANGUAGE.contradicted_by(said)
                assert rule not in LANGUAGE.contradicted_by(said[:1])
