"""Answers for the studies of a command line: of one study, or of each study below a folder. It prints progress only."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from service.answer.samples import Samples
from service.arithmetic import to_be_checked
from service.cli.output import stderr
from service.errors import InvalidField, ServiceError, SeveralStudies, StudyError
from service.ingest.studies_of_folder import FoundStudy, find_studies
from service.modalities.registry import served_by
from service.pipeline import ReportPipeline
from service.renderings.local_names import printable, with_names
from service.run_options import Progress, ProgressSink, RunOptions, silent
from service.schemas import Mode, ReportDocument
from service.settings import Settings
from service.study.runner import default_neighbours, ingest_limits


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a study. load: the pipeline, slow. write: whether the text of its report matters."""

    settings: Settings
    load: Callable[[Settings], ReportPipeline]
    mode: Mode | None = None
    neighbours: int | None = None
    lang: str | None = None
    write: bool = True
    samples: Samples | None = None

    def options(self, pipeline: ReportPipeline) -> RunOptions:
        """The options of a run. Raises RequestError when the pipeline cannot serve them."""
        k = default_neighbours(self.settings, pipeline) if self.neighbours is None else self.neighbours
        quoted = not self.write and "retrieval" in pipeline.modes  # quoting is done at once, a decoder takes its time
        mode = "retrieval" if quoted else self.mode
        options = RunOptions(mode, k, self.settings.depth, lang=self.lang, samples=self.samples)
        pipeline.check(options)
        return options


@dataclass(frozen=True)
class LocalAnswer:
    """The document of a study and the local names of its files by position, for this terminal only."""

    document: ReportDocument
    names: Mapping[int, str]


def answer_study(paths: list[Path], asked: Asked) -> LocalAnswer:
    """The study's answer. Its files are opened first: a wrong path is told before networks are loaded."""
    with served_by(asked.settings.bundle).open_study(paths, ingest_limits(asked.settings)) as files:
        pipeline = asked.load(asked.settings)
        options = asked.options(pipeline)
        with local_progress() as sink:
            document = pipeline.run(files.readers(pipeline.reading_plan), options, sink)
        if to_be_checked(asked.settings) is not None:
            stderr.print("float32: `echoscribe doctor` checks once whether bfloat16 answers the same here, and sooner")
        return LocalAnswer(document, files.names)


def answer_each(paths: list[Path], asked: Asked) -> Iterator[tuple[FoundStudy, LocalAnswer | StudyError]]:
    """Each study below the one folder, with its answer or what is wrong with it. Raises InvalidField, EmptyStudy."""
    if len(paths) != 1 or not paths[0].is_dir():
        raise InvalidField("--each: give one folder that holds a sub-folder for each study", field="--each")
    modality = served_by(asked.settings.bundle)
    once = Asked(**{**vars(asked), "load": cache(lambda _: asked.load(asked.settings))})
    for study in find_studies(paths[0], ingest_limits(asked.settings), modality.formats):
        try:
            yield study, answer_study(list(study.paths), once)
        except StudyError as error:
            yield study, error


def local_text(error: ServiceError) -> str:
    """What an error says, with local names instead of positions."""
    text = with_names(str(error), error.names)
    if isinstance(error, SeveralStudies):
        here = f"{Path.cwd()}{os.sep}"
        folders = ", ".join(printable(folder.removeprefix(here)) for folder in error.folders)
        return (
            f"Files lie in more than one folder, and nothing in them says that they are one study: {folders}."
            " Name one folder at a time; --each answers for every sub-folder of a folder."
        )
    return text


@contextmanager
def local_progress() -> Iterator[ProgressSink]:
    """A progress line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield silent
        return
    with Bar(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=stderr) as bar:
        task = bar.add_task("reading")

        def show(step: Progress) -> None:
            count = f" clip {step.done} of {step.total}" if step.stage == "prepare" else ""
            bar.update(task, description=step.stage + count)

        yield show
