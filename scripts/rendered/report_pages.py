"""Writes docs/reports.md: `python -m scripts.rendered.report_pages --before CHECKOUT [--out docs/reports.md]`.

Five studies are rendered and reported by the code of an older checkout and by this one. What is said of them is in
`scripts/rendered/reports/readings.yaml`, written by hand: read it again when the reports have changed.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts.rendered.reports.before_and_after import WholeReports, page, readings, report_by
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip

SEED, STUDIES = 7, 5
ROOT = Path(__file__).parents[2]
COMMAND = "python -m scripts.rendered.report_pages --before CHECKOUT    # CHECKOUT: the repository at commit 2d13085"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="checkout of the older code")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reports.md")
    arguments = parser.parse_args()
    said = readings()
    with tempfile.TemporaryDirectory(prefix="echoscribe-reports-") as name:
        reports = [
            _reported(StudyOrder(SEED, study, "mixed", "clinical"), Path(name), arguments.before, said)
            for study in range(STUDIES)
        ]
    arguments.out.write_text("\n".join(page(reports, COMMAND)) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {len(reports)} studies")


def _reported(order: StudyOrder, folder: Path, before: Path, said: Mapping[str, str]) -> WholeReports:
    for clip in orders_of(order, folder):
        write_clip(clip)
    study = folder / str(order.study)
    return WholeReports(order, report_by(before, study), report_by(ROOT, study), said[f"study {order.study}"])


if __name__ == "__main__":
    main()
