"""Two studies become reports over HTTP: `python -m scripts.demo`.

The first is a rendered heart, whose truth is known and printed beside the answer; the second is a real cine, of which
the default bundle says that it has never seen such a thing. The first is posted once more as one zip. Starts the
service on a free loopback port and stops it.
"""

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.local_service import local_service
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip
from scripts.sample_study import write_sample_study
from service.client import EchoScribeClient
from service.renderings.report_text import report_text
from service.schemas import PhenotypeOut, ReportDocument

RENDERED = StudyOrder(seed_for("phantom_checks", 2026), 0, "mixed", "clinical", clips=9)  # no training draws from there


def main() -> None:
    """Runs the demonstration."""
    with tempfile.TemporaryDirectory(prefix="echoscribe-demo-") as name:
        folder = Path(name)
        print("Rendering the clips of a heart of nobody ...", flush=True)
        rendered = [order.path for order in orders_of(RENDERED, folder) if write_clip(order)]
        with local_service(folder) as service, EchoScribeClient(service.url) as client:
            ready = service.wait_for("warmed_up")
            seconds = ready["load_seconds"] + ready["warm_up_seconds"]
            print(f"The service is ready at {service.url} after {seconds:.1f} s.")
            print(f"POST /report with {len(rendered)} files\n")
            document = client.report(rendered)
            print(report_text(document))
            print(
                "\n".join(
                    beside_truth(document.phenotypes, labels_of(state_of(RENDERED.seed, RENDERED.study, "clinical")))
                )
            )
            print("\nPOST /report with the same files in one zip")
            packed = client.report([zip_of(rendered, folder / "study.zip")])
            print(f"The answer is {'the same' if same_findings(packed, document) else 'ANOTHER ONE'}.")
            print("\nPOST /report with a real cine, once as DICOM, once as MP4, and once cut off in transfer\n")
            real = client.report(write_sample_study(folder))
            print("\n".join(f"warning {warning.code}: {warning.text}" for warning in real.warnings))
            print(f"GET /phenotypes lists {len(client.phenotypes().studies)} studies")
        print("\nThe service has stopped; its store and the studies are deleted.")


def zip_of(files: Sequence[Path], path: Path) -> Path:
    """One zip of the files, as a file manager packs a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"study/{file.name}")
    return path


def same_findings(first: ReportDocument, second: ReportDocument) -> bool:
    """Whether two answers say the same of the same clips."""
    said = {"sections", "phenotypes", "clips", "warnings"}
    return first.model_dump(include=said) == second.model_dump(include=said)


def beside_truth(phenotypes: Mapping[str, PhenotypeOut], truth: Mapping[str, float]) -> list[str]:
    """A line per phenotype: the estimate, the call, what is true, and whether they agree."""
    rows = [_row(name, row, truth[name]) for name, row in phenotypes.items()]
    agreeing = sum(row.endswith("yes") for row in rows)
    reported = sum(not row.endswith("-") for row in rows)
    head = f"{'phenotype':<38}{'estimate':>10}  {'says':<8}{'truth':<8}agrees"
    return [head, *rows, f"{agreeing} of {reported} calls and numbers agree with the truth"]


def _row(name: str, row: PhenotypeOut, truth: float) -> str:
    if row.value is None:
        return f"{name:<38}{'':>10}  {'-':<8}{truth:<8.3g}-"
    if row.kind == "binary":
        says = "-" if row.positive is None else "yes" if row.positive else "no"
        agrees = "-" if row.positive is None else "yes" if row.positive == bool(truth) else "NO"
        return f"{name:<38}{row.value:>10.2f}  {says:<8}{'yes' if truth else 'no':<8}{agrees}"
    low, high = (row.p10, row.p90) if row.interval_low is None else (row.interval_low, row.interval_high)
    inside = low is not None and high is not None and low <= truth <= high
    return f"{name:<38}{row.value:>10.1f}  {row.unit or '':<8}{truth:<8.1f}{'yes' if inside else 'NO'}"


if __name__ == "__main__":
    main()
