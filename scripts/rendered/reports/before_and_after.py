"""Whole reports of the same studies by two versions of the code, as one page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.rendered.reports.beside_truth import true_report
from scripts.rendered.study_writer.study_folder import StudyOrder

_ENTRIES = ("service.cli.entry", "service.entry")  # of this version, and of older ones
_RUN = """
import contextlib, importlib, io, pathlib, sys
names, out, studies = sys.argv[1].split(","), pathlib.Path(sys.argv[2]), sys.argv[3:]
for name in names:
    try:
        entry = importlib.import_module(name)
        break
    except ModuleNotFoundError as absent:
        if absent.name not in {name, name.rpartition(".")[0]}:
            raise
for study in studies:
    sys.argv, said = ["echoscribe", "report", study], io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        entry.main()
    (out / pathlib.Path(study).name).write_text(said.getvalue(), encoding="utf-8")
"""
READINGS = Path(__file__).with_name("readings.yaml")


@dataclass(frozen=True)
class WholeReports:
    """A study, its report by either version, a correct report, and what a cardiologist would say of them."""

    order: StudyOrder
    before: str
    after: str
    reading: str


def reports_by(code: Path, studies: Sequence[Path], out: Path) -> list[str]:
    """The text reports of studies' folders by the code in a checkout, in one process; no ids, times and folders.

    out: where that process writes each report, under the name of the study's folder.
    """
    environment = os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    out.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _RUN,
            ",".join(_ENTRIES),
            str(out.resolve()),
            *(str(path.resolve()) for path in studies),
        ],
        cwd=code,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    texts = [path.read_text(encoding="utf-8") for study in studies if (path := out / study.name).is_file()]
    if done.returncode or len(texts) < len(studies) or not all(texts):
        raise RuntimeError(f"the code in {code}: {done.stderr[-2000:]}")
    return [without_ids(text).replace(f"{path.resolve()}/", "") for path, text in zip(studies, texts, strict=True)]


def without_ids(text: str) -> str:
    """A report without what differs from run to run."""
    text = re.sub(r"^Study: .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r" ?\d{4}-\d\d-\d\d \d\d:\d\d UTC\.", "", text).rstrip() + "\n"


def readings() -> Mapping[str, str]:
    """Study → what a cardiologist would say of both reports; written by hand, after reading them."""
    words: Mapping[str, str] = yaml.safe_load(READINGS.read_text(encoding="utf-8"))
    return words


def unfounded(reading: str, reports: str) -> list[str]:
    """Numbers and quotations of a reading that stand in none of its study's reports: it was written of others."""
    told = " ".join(reports.split()).casefold()
    cited = re.findall(r'"([^"]+)"', reading)
    numbers = re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)", re.sub(r'"[^"]+"', "", reading))
    quoted = [words for words in cited if " ".join(words.split()).rstrip(".").casefold() not in told]
    return quoted + [number for number in numbers if re.search(rf"(?<![\d.]){number}(?![\d]|\.\d)", told) is None]


def page(reports: Sequence[WholeReports], command: str) -> Iterator[str]:
    """The lines of the page."""
    yield from (
        "# Five whole reports, before and after",
        "",
        "The same five rendered studies (`make_study --seed 7`), reported by an earlier version (commit 2d13085) and",
        "by this one, each with a correct report of the same heart and a short reading. Nobody chose them: they are",
        "the first five of README's seed. The hearts are rendered; this is about how a report reads, not about",
        "accuracy on patients. Ids and times are left out.",
        "",
        "Made again with:",
        "",
        "```sh",
        command,
        "```",
    )
    for number, row in enumerate(reports):
        yield from ("", f"## Study {number}", "", *row.reading.strip().splitlines(), "")
        yield from ("### The truth", "", "```", *truth(row.order), "```", "")
        yield from ("### Before", "", "```", *row.before.rstrip().splitlines(), "```", "")
        yield from ("### After", "", "```", *row.after.rstrip().splitlines(), "```")


def truth(order: StudyOrder) -> Iterator[str]:
    """The lines of a correct report of a study's heart."""
    for section, text in true_report(order.seed, order.study, order.prior).items():
        yield f"{section}: {text}"
