"""The numbers of a study with their source: the same ones that a report may state, and how they came about."""

from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np

from index.phrase_table import PhraseTable
from index.retrieval import PhenotypeVote, Retrieval
from model.report.language.language import Finding, Language, Slot
from model.report.writing.slots import own_number, voted_number
from model.taxonomy import Phenotype, Taxonomy
from service.answer.evidence import slot_values
from service.answer.writing_request import phenotype_token
from service.documents.examination import MeasurementOut

_DECIMALS = 0  # of a phenotype that no sentence can state: whole percent, whole mmHg


def measurements_of(
    taxonomy: Taxonomy,
    votes: Mapping[str, PhenotypeVote],
    retrieval: Retrieval,
    phrases: PhraseTable,
    language: Language | None,
    barred: Set[Finding] = frozenset(),
) -> list[MeasurementOut]:
    """Numbers that rest on enough candidates, in the order of sections; a quantity is listed once.

    language: names the quantities that sentences state; None: only phenotypes are numbers.
    barred: findings that the report must not state, because no clip shows them or the study is called otherwise; a
    number that asks for one of them is left out, as it is in the text.
    """
    slots = {} if language is None else language.slots
    found: dict[str, MeasurementOut] = {}
    for section in taxonomy.sections:
        for row in _of_phenotypes(taxonomy, section, votes, slots):
            found.setdefault(row.name, row)
        context = retrieval.context.get(section, ())
        values = slot_values(context, phrases)
        for name, slot in slots.items():
            stated = _of_slot(slot, section, values.get(name, ()), len(context)) if slot.phenotype is None else None
            if stated is not None and language is not None and language.finding_for(name, stated.value) not in barred:
                found.setdefault(name, stated)
    return list(found.values())


def _of_phenotypes(
    taxonomy: Taxonomy, section: str, votes: Mapping[str, PhenotypeVote], slots: Mapping[str, Slot]
) -> Iterator[MeasurementOut]:
    """The continuous phenotypes of a section, rounded as a sentence states them."""
    for phenotype in taxonomy.phenotypes:
        vote = votes[phenotype.name]
        if phenotype.section == section and phenotype.kind == "continuous" and vote.value is not None:
            slot = next((one for one in slots.values() if one.phenotype == phenotype.name), None) or _bare(phenotype)
            number = own_number(slot, {phenotype.name: phenotype_token(phenotype.name, vote)})
            if number is not None:
                yield MeasurementOut(
                    name=slot.name,
                    phenotype=phenotype.name,
                    section=section,
                    value=number.value,
                    unit=slot.unit,
                    decimals=slot.decimals,
                    source="estimated",
                    p10=vote.p10,
                    p90=vote.p90,
                    candidates=vote.labelled,
                    asked=vote.neighbours,
                )


def _bare(phenotype: Phenotype) -> Slot:
    """A slot for a phenotype that the language has none for."""
    return Slot(phenotype.name, phenotype.unit or "", phenotype.low, phenotype.high, _DECIMALS, phenotype.name)


def _of_slot(slot: Slot, section: str, values: Sequence[float], asked: int) -> MeasurementOut | None:
    """The vote on a number of sentences; None where too few candidates state it."""
    plausible = [value for value in values if slot.holds(value)]
    number = voted_number(slot, plausible)
    if number is None:
        return None
    low, high = np.percentile(plausible, (10, 90))
    return MeasurementOut(
        name=slot.name,
        phenotype=None,
        section=section,
        value=number.value,
        unit=slot.unit,
        decimals=slot.decimals,
        source="estimated",
        p10=float(low),
        p90=float(high),
        candidates=len(plausible),
        asked=max(asked, len(plausible)),
    )
