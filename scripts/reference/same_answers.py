"""Are the answers still the same? `python -m scripts.reference.same_answers RECORD [--make]`.

A record is a folder: studies, a release and a table of reports as they were posted, and the answers that came. `--make`
writes one: rendered studies in mixed formats, the real clips of `--real`, an imported release of 3,000 candidates and a
bank from a messy table of reports. Without `--make` the files of the record are read again by the code of today and
every value that differs is printed. Exit status 1 when one does. Guard every change that should change no answer.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.bundle import sha256_of
from model.echo.phrases.reader import english, german
from scripts.reference.make_echoprime_release import make_release
from scripts.reference.recorded_answers import answers_of, differences, load_cpu_pipeline
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.site_reports.messy_reports import MAPPING, messy_table
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip
from scripts.sample_study import write_sample_study
from service.settings import shipped_bank, shipped_bundle
from service.site.bank.building import add_reports
from service.site.bank.options import BankOptions, ReportsToAdd
from service.site.echoprime.importing import import_release

ANSWERS = "answers.json"
_SEED = seed_for("phantom_checks", 2027)
_IMPORTED_CANDIDATES = 3000
_OWN_STUDIES = 300  # as `make own-data` builds


@dataclass(frozen=True)
class RecordPlan:
    """What a new record holds. real: a folder of clips, None leaves them out; imported: also a release."""

    studies: int
    real: Path | None
    imported: bool


def write_materials(record: Path, plan: RecordPlan) -> None:
    """Writes the files that are posted, imported and built. Raises FileExistsError when the record exists."""
    studies = record / "studies"
    studies.mkdir(parents=True)
    for number in range(plan.studies):
        for order in orders_of(StudyOrder(_SEED, number, "mixed", "clinical"), studies):
            write_clip(order)
    sample = studies / "sample"
    sample.mkdir()
    write_sample_study(sample)
    if plan.real is not None:
        shutil.copytree(plan.real, studies / "real")
    own = record / "own"
    own.mkdir()
    (own / "reports.csv").write_bytes(messy_table(1, _OWN_STUDIES, [english(), german().language]).csv)
    (own / "columns.yaml").write_text(MAPPING, encoding="utf-8")
    (own / "site.key").write_bytes(bytes(range(32)))
    if plan.imported:
        make_release(record / "release", _IMPORTED_CANDIDATES, 0, text_encoder=False)


def answer_all(record: Path, scratch: Path) -> dict[str, Any]:
    """Case → answers (or hashes of what was built) of today's code for the files of the record."""
    return dict(_cases(record, scratch))


def _cases(record: Path, scratch: Path) -> Iterator[tuple[str, Any]]:
    studies = sorted(path for path in (record / "studies").iterdir() if path.is_dir())
    default = load_cpu_pipeline(shipped_bundle(), shipped_bank())
    for study in studies:
        yield f"default/{study.name}", answers_of(default, [study])
    options = BankOptions(out=scratch / "own", key_file=record / "own/site.key", show_text=True)
    adding = ReportsToAdd(reports=record / "own/reports.csv", mapping=record / "own/columns.yaml")
    yield "own/build", {name: value for name, value in add_reports(options, adding).items() if "seconds" not in name}
    own = load_cpu_pipeline(shipped_bundle(), scratch / "own")
    for study in studies[:2]:
        yield f"own/{study.name}", answers_of(own, [study])
    if (record / "release").is_dir():
        import_release(record / "release", scratch / "imported")
        for part in ("bundle", "bank"):
            files = sorted(path for path in (scratch / "imported" / part).rglob("*") if path.is_file())
            yield f"imported/{part}", {path.name: sha256_of(path) for path in files if path.suffix != ".json"}
        imported = load_cpu_pipeline(scratch / "imported/bundle", scratch / "imported/bank")
        for study in (studies[0], record / "studies/sample"):
            yield f"imported/{study.name}", answers_of(imported, [study])


def main() -> int:
    """Reads the command line, then makes a record or holds today's answers against it. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path, help="folder of the record")
    parser.add_argument("--make", action="store_true", help="write the record")
    parser.add_argument("--again", action="store_true", help="keep the files of the record, write its answers anew")
    parser.add_argument("--studies", type=int, default=20, help="rendered studies of a new record")
    parser.add_argument("--real", type=Path, help="folder of real clips for a new record")
    parser.add_argument("--no-import", action="store_true", help="a new record without a release")
    parser.add_argument("--tolerance", type=float, default=0.0, help="for numbers, on another kind of processor")
    arguments = parser.parse_args()
    if arguments.make:
        write_materials(arguments.record, RecordPlan(arguments.studies, arguments.real, not arguments.no_import))
    with tempfile.TemporaryDirectory(prefix="echoscribe-answers-") as scratch:
        found = json.loads(json.dumps(answer_all(arguments.record, Path(scratch))))
    answers = arguments.record / ANSWERS
    if arguments.make or arguments.again:
        answers.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(json.dumps({"recorded": len(found), "record": str(arguments.record)}))
        return 0
    lines = list(differences(json.loads(answers.read_text(encoding="utf-8")), found, arguments.tolerance))
    print("\n".join(lines))
    print(json.dumps({"cases": len(found), "different": len(lines), "ok": not lines}))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
