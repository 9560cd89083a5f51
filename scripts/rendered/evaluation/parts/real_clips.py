"""What the pipeline says of real clips: a table to read, never a score, because the clips have no labels."""

from pathlib import Path
from typing import Any

from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import Results
from service.errors import RequestError
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

_SUFFIXES = {".dcm", ".mp4", ".avi"}
_MOST = 40  # clips listed


def measure_real_clips(evaluation: Evaluation, reference: Path | None, results: Results) -> None:
    """Adds one row per clip below the reference folder's `real`; without it a remark."""
    folder = None if reference is None else reference / "real"
    if folder is None or not folder.is_dir():
        results.remarks.append("real clips: no reference folder was given (ECHOSCRIBE_REFERENCE)")
        return
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)[:_MOST]
    results.figures["real_clips"] = {path.stem: _row(evaluation, path) for path in paths}


def _row(evaluation: Evaluation, path: Path) -> dict[str, Any]:
    try:
        with open_study([path], IngestLimits()) as study:
            document = evaluation.pipeline.run(study.read(), evaluation.options())
    except RequestError as refusal:
        return {"used": False, "says": str(refusal)}
    clip = document.clips[0]
    positive = [name for name, row in document.phenotypes.items() if row.positive]
    return {
        "used": clip.used,
        "view": clip.view or clip.skipped,
        "EF": document.phenotypes["ejection_fraction"].value,
        "positive": positive,
        "warnings": [warning.code for warning in document.warnings],
    }
