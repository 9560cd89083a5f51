"""Measurements in the answer: their rows, the numbers they give to sentences, and where the vote says otherwise."""

from collections.abc import Mapping, Sequence

from model.measurement import Measurement, StudyMeasurements
from model.report.request import ReportWarning
from service.documents.examination import MeasurementOut
from service.documents.traced import ContourOut, MeasuredNumber, TracedMeasurement
from service.schemas import PhenotypeOut


def slot_numbers(measured: StudyMeasurements) -> dict[str, float]:
    """Slot → the number that was measured for it and is believed."""
    slots = {one.slot for one in measured.measurements if one.slot is not None}
    found = {slot: measured.for_slot(slot) for slot in slots}
    return {slot: one.value for slot, one in found.items() if one is not None}


def number_of(measured: StudyMeasurements, slot: str | None) -> MeasuredNumber | None:
    """Where the number of a slot was measured; None where it was not."""
    one = None if slot is None else measured.for_slot(slot)
    if one is None:
        return None
    return MeasuredNumber(value=one.value, clips=_positions(one), frames=list(one.frames))


def measured_first(rows: Sequence[MeasurementOut], measured: StudyMeasurements) -> list[MeasurementOut]:
    """The numbers of the study, where one was measured that instead of the vote; others keep their place."""
    return [_measured(row, measured.for_slot(row.name)) for row in rows]


def _measured(row: MeasurementOut, one: Measurement | None) -> MeasurementOut:
    if one is None:
        return row
    low, high = one.interval or (None, None)
    changes = {
        "value": round(one.value, row.decimals),
        "source": "measured",
        "p10": low,
        "p90": high,
        "candidates": 0,
        "asked": 0,
        "clips": _positions(one),
        "frames": list(one.frames),
    }
    return row.model_copy(update=changes)


def traced_out(measured: StudyMeasurements) -> list[TracedMeasurement]:
    """The rows of the answer, those that are stated first."""
    rows = sorted(measured.measurements, key=lambda one: not one.stated)
    return [
        TracedMeasurement(
            name=one.name,
            value=one.value,
            unit=one.unit,
            method=one.method,
            stated=one.stated,
            reason=one.reason,
            quality=one.quality,
            interval_low=None if one.interval is None else one.interval[0],
            interval_high=None if one.interval is None else one.interval[1],
            clips=_positions(one),
            panels=[panel for _, panel in one.clips],
            frames=list(one.frames),
            beats=one.beats,
            phenotype=one.phenotype,
        )
        for one in rows
    ]


def contours_out(measured: StudyMeasurements) -> list[ContourOut]:
    """The outlines that the measurements rest on."""
    return [
        ContourOut(
            clip=one.clip[0], panel=one.clip[1], frame=one.frame, structure=one.structure, points=list(one.points)
        )
        for one in measured.contours
    ]


def disagreements(measured: StudyMeasurements, phenotypes: Mapping[str, PhenotypeOut]) -> list[ReportWarning]:
    """A warning for each phenotype whose stated measurement and vote differ beyond both intervals."""
    warnings = []
    for name, row in phenotypes.items():
        stated = [one for one in measured.measurements if one.phenotype == name and one.stated]
        best = max(stated, key=lambda one: one.quality, default=None)
        low, high = (row.interval_low, row.interval_high) if row.interval_low is not None else (row.p10, row.p90)
        if best is None or best.interval is None or low is None or high is None or row.value is None:
            continue
        if best.interval[0] > high or best.interval[1] < low:
            clips = ", ".join(map(str, _positions(best)))
            details = {
                "phenotype": name,
                "measured": f"{best.value:.0f} {best.unit or ''}".strip(),
                "where": f"{best.method}, {clips}",
                "voted": f"{row.value:.0f} {row.unit or ''}".strip(),
            }
            warnings.append(ReportWarning("measured_differs", details))
    return warnings


def _positions(one: Measurement) -> list[int]:
    return [position for position, _ in one.clips]
