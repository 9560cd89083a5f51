"""The data that echo reports are told by fits the language, the reader and itself."""

from model.echo.phrases.reader import english
from model.echo.taxonomy import SECTIONS
from service.modalities.echo.reporting import echo_reporting

REPORTING = echo_reporting()
PHRASES = {finding for phrase in english().phrases for finding in phrase.findings}
NAMES = {finding.name for finding in PHRASES}


def test_every_section_has_an_order_and_every_finding_of_the_language_a_place() -> None:
    assert set(REPORTING.rules.order) == set(SECTIONS)
    for phrase in english().phrases:
        if phrase.section in REPORTING.rules.order:
            assert REPORTING.rules.rank(phrase.section, phrase.findings) is not None, phrase.phrase_id


def test_every_abnormal_finding_of_the_language_is_a_topic_or_goes_with_one() -> None:
    topics = REPORTING.topics
    assert topics is not None
    told = {finding for topic in topics.topics for finding in topic.tiers}
    for phrase in english().phrases:
        abnormal = [f for f in phrase.findings if topics.is_abnormal(f) and phrase.section in SECTIONS]
        assert not abnormal or told.intersection(abnormal), phrase.phrase_id


def test_no_value_is_both_normal_and_a_topic_but_the_borderline_ones() -> None:
    topics = REPORTING.topics
    assert topics is not None
    both = {f for topic in topics.topics for f in topic.tiers if f.value in topics.normal}
    assert {finding.value for finding in both} <= {"borderline"}


def test_rules_name_findings_that_the_language_has() -> None:
    assert {rule.finding for rule in REPORTING.rules.exclusions} <= PHRASES
    assert {rule.finding for rule in REPORTING.rules.derived} <= PHRASES
    assert REPORTING.rules.following <= english().by_id.keys()
    assert set(REPORTING.rules.subjects) <= NAMES
