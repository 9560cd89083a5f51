"""`echoscribe embed`: a study's vectors as a file."""

import os
from collections.abc import Callable
from pathlib import Path

from service.answer.vectors import vectors_of
from service.cli.answering import local_progress
from service.cli.output import print_summary, stderr
from service.errors import InvalidField
from service.modalities.registry import served_by
from service.pipeline import ReportPipeline
from service.renderings.local_names import name_of
from service.settings import Settings
from service.study.runner import ingest_limits


def embed_study(paths: list[Path], out: Path, settings: Settings, load: Callable[[Settings], ReportPipeline]) -> None:
    """Writes the vectors of one study, and prints which row is which file. Raises InvalidField, StudyError, OSError."""
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise InvalidField(f"--out: {out} cannot be written; is its folder there?", field="--out")
    with served_by(settings.bundle).open_study(paths, ingest_limits(settings)) as files:
        pipeline = load(settings)
        with local_progress() as sink:
            study = pipeline.embed(files.readers(pipeline.reading_plan), sink)
        names = files.names
    vectors = vectors_of(study, pipeline.provenance)
    partial = out.with_name(f".{out.name}.part")
    with partial.open("wb") as file:
        vectors.write(file)
    partial.replace(out)
    for row, position in enumerate(vectors.clips):
        view = vectors.views[int(vectors.view_probabilities[row].argmax())] if vectors.views else ""
        stderr.print(f"row {row}: {name_of(position, names)} {view}".rstrip(), markup=False, soft_wrap=True)
    print_summary(
        {
            "vectors": str(out),
            "clips": len(vectors.clips),
            "dimension": int(vectors.clip_embeddings.shape[1]),
            "sections_assessed": int(vectors.assessed.sum()),
            "skipped": [one.model_dump() for one in vectors.skipped],
        }
    )
