"""A full-size bank from release to readiness: import, and the start of a service over it, with seconds and memory."""

import json
import pickle
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from scripts.local_service import local_service
from scripts.reference.benchmark.measured import Figures, Row
from service.site.echoprime.layout import SYNTHETIC_MARK

_GB = 1_000_000_000
_START_SECONDS, _START_GB = 5.0, 3
_IMPORT_SECONDS, _IMPORT_GB = 900.0, 3
_PUBLISHED_BYTES = 18_000_000_000  # 15.1 GB at its peak, and something for the others on the machine
_ROOT = Path(__file__).parents[3]


def start(bundle: Path, bank: Path, release: Path | None) -> Row:
    """A service process until it is ready, the second time, so that the files are in the cache.

    release: the published start is measured too, where 18 GB of memory are free: it takes 15 GB and about 80 seconds.
    """
    seconds, peak = 0.0, 0
    for _ in range(2):
        with TemporaryDirectory(prefix="echoscribe-bench-") as name:
            began = time.perf_counter()
            settings = {"ECHOSCRIBE_BUNDLE": str(bundle), "ECHOSCRIBE_BANK": str(bank), "ECHOSCRIBE_DTYPE": "auto"}
            with local_service(Path(name), settings) as service:
                seconds = time.perf_counter() - began
                peak = peak_bytes(service.process.pid)
    room = available_bytes() >= _PUBLISHED_BYTES
    published = _in_process_of_its_own("published_start", release) if release is not None and room else None
    bars = {
        f"at most {_START_SECONDS:g} s": seconds <= _START_SECONDS,
        f"at most {_START_GB} GB": peak <= _START_GB * _GB,
    }
    figures: Figures = {"peak_bytes": peak}
    if published is not None:
        figures["published_peak_bytes"] = published["peak_bytes"]
    elif release is not None:
        figures["published_start"] = "not measured: too little memory is free"
    return Row("start", None if published is None else published["seconds"], seconds, bars, figures)


def imported(release: Path, out: Path) -> Row:
    """The import of a release into a new folder."""
    done = subprocess.run(
        [sys.executable, "-m", "service.cli.entry", "import", "echoprime", str(release), "--out", str(out)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    reported = json.loads(done.stdout.splitlines()[-1])
    seconds, peak = float(reported["seconds"]), int(reported["peak_memory_bytes"])
    bars = {
        f"at most {_IMPORT_SECONDS:g} s": seconds <= _IMPORT_SECONDS,
        f"at most {_IMPORT_GB} GB": peak <= _IMPORT_GB * _GB,
    }
    return Row("import", None, seconds, bars, {"candidates": reported["candidates"], "peak_bytes": peak})


def peak_bytes(process: int) -> int:
    """Largest resident memory of a running process so far, mapped files included (Linux: VmHWM)."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024


def available_bytes() -> int:
    """Memory that can be taken without swapping (Linux: MemAvailable)."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))) * 1024


def published_start(release: Path) -> dict[str, float]:
    """The published start: every candidate's vector in float32, report as text and label in memory at once.

    It executes the release's pickles, as the published code does, so only a release of our own making is taken.
    Raises ValueError for any other.
    """
    if not (release / SYNTHETIC_MARK).is_file():
        raise ValueError(f"{release}: has no {SYNTHETIC_MARK}; pickles of unknown origin are not executed")
    began = time.perf_counter()
    folder = release / "model_data" / "candidates_data"
    parts = [torch.load(path, map_location="cpu") for path in sorted(folder.glob("candidate_embeddings_p*.pt"))]
    vectors = torch.cat(parts).float()
    phrases = json.loads((release / "assets" / "all_phr.json").read_text(encoding="utf-8"))
    wordings = [[text for group in section.values() for text in group] for section in phrases.values()]
    with (folder / "candidate_reports.pkl").open("rb") as file:
        reports = pickle.load(file)  # noqa: S301  # our own release, checked above
    texts = [" ".join(_worded(wordings, *sentence) for sentence in report or ()) for report in reports]
    with (folder / "candidate_labels.pkl").open("rb") as file:
        labels = pickle.load(file)  # noqa: S301  # the same
    studies = (folder / "candidate_studies.csv").read_text(encoding="utf-8").splitlines()
    assert len(vectors) == len(texts) == len(studies) - 1
    assert labels
    return {
        "seconds": time.perf_counter() - began,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _worded(wordings: list[list[str]], section: int, phrase: int, value: object) -> str:
    text = wordings[section][phrase]
    return text if value is None else text.replace("<numerical>", str(value)).replace("<string>", str(value))


def _in_process_of_its_own(function: str, argument: Path) -> dict[str, float]:
    call = f"{function}(Path({str(argument)!r}))"
    code = f"import json; from pathlib import Path; from {__name__} import {function}; print(json.dumps({call}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
