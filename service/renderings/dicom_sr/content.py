"""The content tree of the report: TID 1500, a group of measurements and findings per section, then the narrative."""

from collections.abc import Iterator, Sequence
from itertools import chain

from highdicom.sr import (
    AlgorithmIdentification,
    ContainerContentItem,
    ContentSequence,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)

from service.documents.examination import MeasurementOut
from service.documents.traced import TracedMeasurement
from service.ingest.identity import SourceInstance
from service.modalities.codes import ModalityCodes, modality_codes
from service.renderings.dicom_sr.concepts import (
    ABSENT,
    COMMENT,
    ESTIMATED,
    FINDING,
    IMPRESSION,
    LOWER,
    PRESENT,
    QUALITATIVE,
    UPPER,
    line,
    named,
    plain,
    uid_of,
    unit_of,
)
from service.renderings.measured import method_of, told_by_measurements
from service.renderings.page_sentences import (
    Page,
    impression_sentences,
    made_by_sentence,
    section_sentences,
    warning_sentences,
)
from service.renderings.standing import marks_of
from service.schemas import PhenotypeOut, ReportDocument

_STUDY = "study"  # the group of what is measured in clips and belongs to no section


class Groups:
    """The measurement groups of a report (TID 1501)."""

    def __init__(self, document: ReportDocument, page: Page, images: Sequence[SourceInstance]) -> None:
        self._document, self._page, self._images = document, page, images
        self._codes: ModalityCodes = modality_codes(document.modality)

    def all(self) -> list[MeasurementsAndQualitativeEvaluations]:
        """A group per section that has numbers or calls; one at least, as highdicom asks for."""
        sections = [section.name for section in self._document.sections]
        groups = [self._group(name) for name in sections if self._numbers(name) or self._calls(name)]
        if self._traced():
            groups.append(self._group(_STUDY))
        return groups or [self._group(_STUDY)]

    def _group(self, section: str) -> MeasurementsAndQualitativeEvaluations:
        numbers = self._traced() if section == _STUDY else self._numbers(section)
        sources = [SourceImageForMeasurementGroup(one.sop_class_uid, one.sop_instance_uid) for one in self._images]
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(uid_of(self._document.study_id, section), plain(section)),
            algorithm_id=algorithm_of(self._document),
            measurements=numbers or None,
            qualitative_evaluations=self._calls(section) or None,
            source_images=sources or None,
        )

    def _numbers(self, section: str) -> list[Measurement]:
        stated = [row for row in self._document.measurements if row.section == section]
        told = {row.phenotype for row in self._document.measurements}
        estimates = [
            (name, row)
            for name, row in self._document.phenotypes.items()
            if row.section == section and name not in told
        ]
        return [
            one
            for one in chain(map(self._stated, stated), (self._estimate(name, row) for name, row in estimates))
            if one is not None
        ]

    def _stated(self, row: MeasurementOut) -> Measurement | None:
        how = method_of(row, self._document.traced)
        code = None if how is None else self._codes.traced_as(how.name, how.method)
        name = named(
            self._codes,
            row.name,
            self._page.named.measurement(row.name),
            code or self._codes.measurements.get(row.name),
        )
        derivation = ESTIMATED if row.source == "estimated" else None
        return _measurement(name, row.value, row.unit, (row.p10, row.p90), derivation)

    def _estimate(self, name: str, row: PhenotypeOut) -> Measurement | None:
        if row.kind != "continuous" or row.value is None:
            return None
        concept = named(self._codes, name, self._page.named.phenotype(name), self._codes.phenotype(name, positive=None))
        ends = (row.p10, row.p90) if row.interval_low is None else (row.interval_low, row.interval_high)
        return _measurement(concept, row.value, row.unit, ends, ESTIMATED)

    def _traced(self) -> list[Measurement]:
        told = told_by_measurements(self._document)
        rows = [one for one in self._document.traced if one.stated and (one.phenotype or one.name) not in told]
        return [found for found in map(self._traced_number, rows) if found is not None]

    def _traced_number(self, one: TracedMeasurement) -> Measurement | None:
        code = self._codes.traced_as(one.name, one.method)
        name = named(self._codes, one.name, self._page.named.measurement(one.name), code)
        return _measurement(name, one.value, one.unit, (one.interval_low, one.interval_high), None)

    def _calls(self, section: str) -> list[QualitativeEvaluation]:
        """Findings that were called; of one that was not, nothing is said."""
        return [
            QualitativeEvaluation(
                named(
                    self._codes,
                    name,
                    self._page.named.phenotype(name),
                    self._codes.phenotype(name, positive=row.positive),
                ),
                PRESENT if row.positive else ABSENT,
            )
            for name, row in self._document.phenotypes.items()
            if row.section == section and row.kind == "binary" and row.positive is not None
        ]


def _measurement(
    name: object, value: float, unit: str | None, ends: tuple[float | None, float | None], derivation: object | None
) -> Measurement | None:
    """A number with the range around it (TID 300, 310); None where its unit has no code, as pixels have none."""
    coded_unit = unit_of(unit)
    if coded_unit is None or unit is None:
        return None
    measurement = Measurement(name=name, value=_short(value), unit=coded_unit, derivation=derivation)
    low, high = ends
    if low is not None and high is not None and low <= value <= high:
        # highdicom's own form of them has no unit
        for side, width in ((UPPER, high - value), (LOWER, value - low)):
            around = NumContentItem(side, _short(width), coded_unit, relationship_type="HAS PROPERTIES")
            measurement[0].ContentSequence = [*(measurement[0].get("ContentSequence") or []), around]
    return measurement


def _short(value: float) -> float:
    """At most six digits: a Decimal String has 16 characters, and no vote is worth more."""
    return float(f"{value:.6g}")


def algorithm_of(document: ReportDocument) -> AlgorithmIdentification:
    """What made the report (TID 4019)."""
    made_of = document.provenance
    names = ("bundle", "bundle_sha256", "bank", "bank_sha256", "device")
    parameters = [f"mode={document.mode}", *(f"{name}={made_of[name]}" for name in names if made_of.get(name))]
    version = str(made_of.get("echoscribe") or "unknown")
    return AlgorithmIdentification("EchoScribe", plain(version), [plain(one) for one in parameters])


def narrative(document: ReportDocument, page: Page) -> ContainerContentItem:
    """The texts, those first that no reader may miss (TID 1500, rows 12 and 14)."""
    container = ContainerContentItem(QUALITATIVE, relationship_type=RelationshipTypeValues.CONTAINS)
    container.ContentSequence = ContentSequence(
        [
            TextContentItem(concept, plain(text), RelationshipTypeValues.CONTAINS)
            for concept, text in _texts(document, page)
        ]
    )
    return container


def _texts(document: ReportDocument, page: Page) -> Iterator[tuple[object, str]]:
    words = page.words
    notices = [*marks_of(document, words), document.draft_notice, *warning_sentences(document, page)]
    yield from ((COMMENT, notice) for notice in notices)
    yield from ((IMPRESSION, statement) for statement in impression_sentences(document, words))
    for section in document.sections:
        yield FINDING, f"{section.title or section.name}: {' '.join(section_sentences(section, page))}"
    yield COMMENT, made_by_sentence(document, words)


def title_line(document: ReportDocument, page: Page) -> str:
    """The gravest mark, for a list of series."""
    return line(marks_of(document, page.words)[0] if marks_of(document, page.words) else page.title)
