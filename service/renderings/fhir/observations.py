"""Observations of a report: one per phenotype, one per number, each with how far it is to be believed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.documents.examination import MeasurementOut
from service.documents.traced import TracedMeasurement
from service.modalities.codes import Code, ModalityCodes
from service.renderings.fhir.elements import Json, coding, concept, full_url, quantity, terminology
from service.renderings.measured import method_of, told_by_measurements
from service.renderings.page_sentences import Page
from service.schemas import PhenotypeOut, ReportDocument

PRESENT: Final = Code("SCT", "52101004", "Present")
ABSENT: Final = Code("SCT", "272519000", "Absent")
# Why there is no value → HL7's reason for it (data-absent-reason); another one is unknown.
_ABSENT_REASONS: Final = {"section_not_assessed": "not-performed", "no_clip_that_shows_it": "not-performed"}
_ABSENT_WORDS: Final = {"not-performed": "Not Performed", "unknown": "Unknown"}


@dataclass(frozen=True)
class Common:
    """What all observations of a report share: its words and codes, and the fields that stand in each."""

    page: Page
    codes: ModalityCodes
    study_id: str
    fields: Json

    def local(self, name: str, text: str) -> Json:
        """The Coding of a name of ours."""
        return coding(self.codes.local(name, text), self.codes.modality)

    def part(self, name: str) -> Json:
        """The CodeableConcept of a part of an observation."""
        word = self.page.words.parts[name]
        return concept(word, self.local(name, word))

    def standard(self, *codes: Code | None) -> list[Json]:
        """Codings of the codes that there are."""
        return [coding(code, self.codes.modality) for code in codes if code is not None]


def observations_of(document: ReportDocument, common: Common) -> Iterator[tuple[str, str, Json]]:
    """Section, full URL and Observation: phenotypes, the numbers of sentences, and what was measured in clips."""
    for name, row in document.phenotypes.items():
        yield row.section, *_entry(common, f"phenotype:{name}", _phenotype(name, row, common))
    for number in document.measurements:
        fields = _measurement(number, document.traced, common)
        yield number.section, *_entry(common, f"measurement:{number.name}", fields)
    told = told_by_measurements(document)
    for one in document.traced:
        if one.stated and (one.phenotype or one.name) not in told:
            yield "", *_entry(common, f"traced:{one.name}:{one.method}", _traced(one, common))


def _entry(common: Common, name: str, fields: Json) -> tuple[str, Json]:
    given = {key: value for key, value in fields.items() if value != []}  # FHIR knows no empty list
    return full_url(common.study_id, name), {"resourceType": "Observation", **common.fields, **given}


def _phenotype(name: str, row: PhenotypeOut, common: Common) -> Json:
    word = common.page.named.phenotype(name)
    codings = [*common.standard(common.codes.phenotype(name, positive=row.positive)), common.local(name, word)]
    parts = [
        *_part(common, "vote", row.value if row.kind == "binary" else None, "1"),
        *_part(common, "threshold", row.threshold, "1" if row.kind == "binary" else row.unit),
        *_part(common, "probability", row.probability, "1"),
        *_range(common, "spread", row.p10, row.p90, row.unit if row.kind == "continuous" else "1"),
        *_range(common, "interval", row.interval_low, row.interval_high, row.unit),
        {"code": common.part("labelled"), "valueInteger": row.labelled},
        {"code": common.part("neighbours"), "valueInteger": row.k},
    ]
    return {"code": concept(word, *codings), **_value(row, common), "component": parts}


def _value(row: PhenotypeOut, common: Common) -> Json:
    """The number, the call, or why there is neither."""
    if row.kind == "continuous" and row.value is not None:
        return {"valueQuantity": quantity(row.value, row.unit)}
    if row.kind == "binary" and row.positive is not None:
        words = common.page.words.called
        called = PRESENT if row.positive else ABSENT
        return {"valueCodeableConcept": concept(words["yes_" if row.positive else "no_"], *common.standard(called))}
    code = _ABSENT_REASONS.get(row.reason or "", "unknown")
    text = common.page.words.reasons.get(row.reason or "", row.reason or common.page.words.no_reason)
    return {"dataAbsentReason": concept(text, terminology("data-absent-reason", code, _ABSENT_WORDS[code]))}


def _measurement(row: MeasurementOut, traced: Sequence[TracedMeasurement], common: Common) -> Json:
    word = common.page.named.measurement(row.name)
    how = method_of(row, traced)
    code = None if how is None else common.codes.traced_as(how.name, how.method)
    codings = common.standard(code or common.codes.measurements.get(row.name))
    source = common.page.words.sources[row.source].format(clips=", ".join(map(str, row.clips)))
    return {
        "code": concept(word, *codings, common.local(row.name, word)),
        "valueQuantity": quantity(row.value, row.unit),
        "method": concept(source, common.local(row.source, source)),
        "component": [
            *_range(common, "spread", row.p10, row.p90, row.unit),
            *_part(common, "candidates", row.candidates if row.source == "estimated" else None, "1"),
        ],
    }


def _traced(one: TracedMeasurement, common: Common) -> Json:
    word = common.page.named.measurement(one.name)
    codings = common.standard(common.codes.traced_as(one.name, one.method))
    source = common.page.words.sources["measured"].format(clips=", ".join(map(str, one.clips)))
    return {
        "code": concept(word, *codings, common.local(one.name, word)),
        "valueQuantity": quantity(one.value, one.unit),
        "method": concept(f"{source} ({one.method})", common.local(one.method, one.method)),
        "component": [
            *_range(common, "interval", one.interval_low, one.interval_high, one.unit),
            *_part(common, "quality", one.quality, "1"),
        ],
    }


def _part(common: Common, name: str, value: float | None, unit: str | None) -> list[Json]:
    """A component with a number; none without."""
    if value is None:
        return []
    return [{"code": common.part(name), "valueQuantity": quantity(value, unit)}]


def _range(common: Common, name: str, low: float | None, high: float | None, unit: str | None) -> list[Json]:
    """A component with a range; none where an end is unknown or the ends are no range."""
    if low is None or high is None or low > high:
        return []
    ends: dict[str, Any] = {"low": quantity(low, unit), "high": quantity(high, unit)}
    return [{"code": common.part(name), "valueRange": ends}]
