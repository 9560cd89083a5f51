"""Rows from synthetic patients: what the service would offer, of patients that the bank does not hold."""

from functools import cache

from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.training.phantom_rows import NEIGHBOURS, QuerySource, draw_reports, phrase_table
from service.answer.writing_request import evidence_sentences
from service.site.decoder_training.rows import TrainingRow

BANK = 120


@cache
def source() -> QuerySource:
    return QuerySource(draw_reports(english(), range(BANK), 3), phrase_table(english()), 16, 3)


@cache
def rows() -> list[TrainingRow]:
    return source().rows(english(), 4)


def test_rows_are_sections_of_queries_with_their_neighbours() -> None:
    assert len({id(row.study) for row in rows()}) == 4
    for row in rows():
        assert row.section in ECHO_TAXONOMY.sections
        assert 0 < len(row.neighbours) <= NEIGHBOURS
        assert len({candidate.candidate_id for candidate in row.neighbours}) == len(row.neighbours)
        assert tuple(token.name for token in row.study.phenotypes) == ECHO_TAXONOMY.phenotype_names


def test_targets_are_wordings_of_their_section_without_digits() -> None:
    for row in rows():
        known = {w for p in english().phrases if p.section == row.section for w in (p.template, p.numberless)}
        assert set(row.targets) <= known


def test_other_numbers_are_other_patients_and_the_same_are_the_same() -> None:
    again = source().rows(english(), 4)
    assert [row.targets for row in again] == [row.targets for row in rows()]
    other = source().rows(english(), 4, first=4)
    assert [row.targets for row in other] != [row.targets for row in rows()]


def test_neighbours_resemble_their_query_more_than_chance() -> None:
    """Shares of target sentences found in the evidence, against the evidence of another row of that section."""
    own = other = 0
    by_section = {section: [row for row in rows() if row.section == section] for section in ECHO_TAXONOMY.sections}
    for group in by_section.values():
        for row, stranger in zip(group, [*group[1:], *group[:1]], strict=True):
            own += _found(row, row)
            other += _found(row, stranger)
    assert own > other


def _found(row: TrainingRow, stranger: TrainingRow) -> int:
    offered = {sentence.template for sentence in evidence_sentences(stranger.neighbours, source().phrases)}
    return len(offered & set(row.targets))
