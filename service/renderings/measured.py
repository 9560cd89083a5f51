"""Numbers that were measured in clips, beside those that a report states: which is which, and what was told already."""

from collections.abc import Sequence

from service.documents.examination import MeasurementOut
from service.documents.traced import TracedMeasurement
from service.schemas import ReportDocument


def method_of(row: MeasurementOut, traced: Sequence[TracedMeasurement]) -> TracedMeasurement | None:
    """How a number of the report was measured, None for a vote."""
    if row.source != "measured":
        return None
    same = [one for one in traced if one.stated and one.clips == row.clips and one.frames == row.frames]
    return next((one for one in same if round(one.value, row.decimals) == row.value), None)


def told_by_measurements(document: ReportDocument) -> set[str]:
    """Names and phenotypes of what was measured and stands among the report's numbers."""
    found = [method_of(row, document.traced) for row in document.measurements]
    return {one.phenotype or one.name for one in found if one is not None}
