"""Writes docs/reports.md: `python -m scripts.rendered.report_pages --before CHECKOUT [--out docs/reports.md]`.

Five studies are rendered and reported by the code of an older checkout and by this one. What is said of them is in
`scripts/rendered/reports/readings.yaml`, written by hand: read it again when the reports have changed. A reading that
cites a number or words that none of its reports has is refused.
"""

import argparse
import tempfile
from pathlib import Path

from scripts.rendered.reports.before_and_after import WholeReports, page, readings, reports_by, truth, unfounded
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip

SEED, STUDIES = 7, 5
ROOT = Path(__file__).parents[2]
COMMAND = "python -m scripts.rendered.report_pages --before CHECKOUT    # CHECKOUT: the repository at commit 2d13085"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="checkout of the older code")
    parser.add_argument(
        "--studies", type=Path, help="studies that `make_study --seed 7 --studies 5` has written; else made"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reports.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="echoscribe-reports-") as name:
        folder = arguments.studies or Path(name) / "studies"
        orders = [StudyOrder(SEED, study, "mixed", "clinical") for study in range(STUDIES)]
        studies = [_rendered(order, folder) for order in orders]
        before = reports_by(arguments.before, studies, Path(name) / "before")
        after = reports_by(ROOT, studies, Path(name) / "after")
    said = readings()
    reports = [
        WholeReports(order, old, new, said[f"study {order.study}"])
        for order, old, new in zip(orders, before, after, strict=True)
    ]
    for report in reports:
        if lies := unfounded(report.reading, "\n".join((*truth(report.order), report.before, report.after))):
            raise SystemExit(f"the reading of study {report.order.study} cites what no report says: {lies}")
    arguments.out.write_text("\n".join(page(reports, COMMAND)) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {len(reports)} studies")


def _rendered(order: StudyOrder, folder: Path) -> Path:
    """The folder of a study, rendered where it is not there yet."""
    study = folder / str(order.study)
    if not study.is_dir():
        for clip in orders_of(order, folder):
            write_clip(clip)
    return study


if __name__ == "__main__":
    main()
