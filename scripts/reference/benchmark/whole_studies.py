"""Whole studies: nine clips through full-size networks and bank, and twelve clips over HTTP, alone and in company."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from model.device import Placement
from scripts.local_service import local_service
from scripts.reference.benchmark.measured import Figures, Row, seconds_of
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip
from service.artifacts import ArtifactPaths, load_pipeline
from service.client import ClientError, EchoScribeClient
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

_CLIPS, _CLIENTS = 12, 8
_STUDY_SECONDS, _POST_SECONDS, _STUDIES_PER_SECOND = 8.0, 2.5, 0.45


def full_size_study(paths: Sequence[Path], artifacts: ArtifactPaths, placement: Placement, *, repeats: int) -> Row:
    """Files to the report document through the pipeline that the service runs, loading left out."""
    pipeline = load_pipeline(artifacts, placement)
    stages: list[dict[str, float]] = []

    def ours() -> None:
        with open_study(paths, IngestLimits()) as study:
            stages.append(pipeline.run(study.readers(pipeline.reading_plan)).stage_seconds)

    seconds = [seconds_of(ours) for _ in range(repeats + 1)][1:]
    middle = statistics.median(seconds)
    reported: Figures = {f"{stage}_s": statistics.median(each[stage] for each in stages[1:]) for stage in stages[0]}
    candidates = pipeline.retriever.bank.manifest.candidates
    bars = {f"at most {_STUDY_SECONDS:g} s": middle <= _STUDY_SECONDS}
    return Row("study", None, middle, bars, {"clips": len(paths), "candidates": candidates, **reported})


def concurrent_posts(*, repeats: int) -> Row:
    """POST to answer with the shipped bundle: one client at a time, then eight at once, all with the same study."""
    with TemporaryDirectory(prefix="echoscribe-bench-") as name:
        files = _study(Path(name) / "studies")
        (Path(name) / "service").mkdir()
        with local_service(Path(name) / "service") as service, EchoScribeClient(service.url) as client:
            client.report(files)
            alone = [seconds_of(partial(client.report, files)) for _ in range(4 * repeats)]
            together, wall, errors = _at_once(service.url, files, repeats)
    rate, rate_alone = len(together) / wall, len(alone) / sum(alone)
    middle, late = statistics.median(together), statistics.quantiles(together, n=20, method="inclusive")[-1]
    bars = {
        f"one at a time at most {_POST_SECONDS:g} s": statistics.median(alone) <= _POST_SECONDS,
        "throughput not below one at a time": rate >= rate_alone,
        f"at least {_STUDIES_PER_SECOND:g} studies a second": rate >= _STUDIES_PER_SECOND,
        "p95 at most twice p50": late <= 2 * middle,
        "no errors": not errors,
    }
    figures: Figures = {
        "clips": _CLIPS,
        "clients": _CLIENTS,
        "studies_per_second": rate,
        "studies_per_second_alone": rate_alone,
        "p50_s": middle,
        "p95_s": late,
        "errors": errors,
    }
    return Row("service", None, statistics.median(alone), bars, figures)


def _study(folder: Path) -> list[Path]:
    """A rendered study of twelve clips."""
    orders = orders_of(StudyOrder(99, 0, "mixed", "clinical", _CLIPS), folder)
    for order in orders:
        write_clip(order)
    return sorted(path for path in (folder / "0").rglob("*") if path.is_file())


def _at_once(url: str, files: Sequence[Path], rounds: int) -> tuple[list[float], float, int]:
    """Eight clients at once: (seconds of each answered post, wall seconds of all, how many failed)."""

    def one_client(_: int) -> list[float | None]:
        with EchoScribeClient(url) as client:
            return [_answered(client, files) for _ in range(rounds)]

    started = time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        waited = [seconds for reported in pool.map(one_client, range(_CLIENTS)) for seconds in reported]
    wall = time.perf_counter() - started
    answered = [seconds for seconds in waited if seconds is not None]
    return answered, wall, len(waited) - len(answered)


def _answered(client: EchoScribeClient, files: Sequence[Path]) -> float | None:
    """Seconds from POST to answer, None where there was none."""
    try:
        return seconds_of(partial(client.report, files))
    except ClientError:
        return None
