"""Answers of the whole path as plain values, and how two records of them differ."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from pathlib import Path
from typing import Any

from model.device import choose_placement
from service.artifacts import ArtifactPaths, load_pipeline, set_threads
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.pipeline import ReportPipeline
from service.renderings.report_text import report_text
from service.run_options import RunOptions

# What differs between two runs of the same code: a random id, the time of day, seconds.
VARYING = ("study_id", "created", "stage_seconds")
_STUDY_ID = "00000000-0000-4000-8000-000000000000"


def load_cpu_pipeline(bundle: Path, bank: Path) -> ReportPipeline:
    """The pipeline of a bundle and a bank on the CPU, with the threads that the service would take."""
    set_threads(0, bundle)
    return load_pipeline(ArtifactPaths(bundle, bank), choose_placement("cpu"))


def answers_of(pipeline: ReportPipeline, files: Sequence[Path]) -> dict[str, Any]:
    """The answer to a study as a JSON value, by `MODE LANGUAGE`, for every mode and language of the pipeline."""
    with open_study(list(files), IngestLimits()) as study:
        embedded = pipeline.embed(study.readers(pipeline.reading_plan))
    found = {}
    for mode in pipeline.modes:
        for language in pipeline.languages.tags:
            options = RunOptions(mode=mode, lang=language, study_id=_STUDY_ID)
            document = pipeline.report(embedded, options)
            answer = document.model_dump(mode="json", exclude=set(VARYING))
            answer["text"] = [
                line for line in report_text(document).splitlines() if str(document.created)[:10] not in line
            ]
            found[f"{mode} {language}"] = answer
    return found


def differences(recorded: Any, found: Any, tolerance: float = 0.0, place: str = "") -> Iterator[str]:
    """A line per value that differs. tolerance: how far two numbers may lie apart, relative and absolute."""
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys([*recorded, *found]):
            if key not in recorded or key not in found:
                yield f"{place}/{key}: only in the {'record' if key in recorded else 'new answer'}"
            else:
                yield from differences(recorded[key], found[key], tolerance, f"{place}/{key}")
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{place}: {len(recorded)} recorded, {len(found)} now"
        for number, (one, other) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(one, other, tolerance, f"{place}/{number}")
    elif not _same(recorded, found, tolerance):
        before, now = (json.dumps(value, ensure_ascii=False) for value in (recorded, found))
        yield f"{place}: {before} recorded, {now} now"


def _same(recorded: Any, found: Any, tolerance: float) -> bool:
    numbers = isinstance(recorded, float) and isinstance(found, float)
    if numbers and tolerance:
        return isclose(recorded, found, rel_tol=tolerance, abs_tol=tolerance)
    return type(recorded) is type(found) and bool(recorded == found)
