"""Two studies become reports over HTTP: `python -m scripts.demo`.

The first is a rendered heart, whose truth is known: the draft stands beside a correct report, and what was found,
missed and invented is named. It is posted once more as one zip. The second is a real cine, of which the default bundle
says that it has never seen such a thing, with a file that was cut off. Starts the service on a loopback port.
"""

import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from model.echo.phrases.reader import english
from scripts.local_service import local_service
from scripts.rendered.evaluation.studies.truth import StudyTruth
from scripts.rendered.reports.beside_truth import Compared, agreeing, findings_said, side_by_side, true_report
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.study_writer.study_folder import StudyOrder, orders_of, write_clip
from scripts.sample_study import write_sample_study
from service.client import EchoScribeClient
from service.renderings.local_names import with_names
from service.renderings.page_sentences import Page
from service.renderings.report_text import clip_lines, header_lines, impression_lines, wrapped
from service.schemas import ReportDocument

RENDERED = StudyOrder(seed_for("phantom_checks", 2026), 0, "mixed", "clinical", clips=9)  # no training draws from there


def main() -> None:
    """Runs the demonstration."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without "²" shows a question mark
    with tempfile.TemporaryDirectory(prefix="echoscribe-demo-") as name:
        folder = Path(name)
        print("Rendering the clips of a heart of nobody ...", flush=True)
        rendered = [order.path for order in orders_of(RENDERED, folder) if write_clip(order)]
        with local_service(folder) as service, EchoScribeClient(service.url) as client:
            ready = service.wait_for("warmed_up")
            seconds = ready["load_seconds"] + ready["warm_up_seconds"]
            print(f"The service is ready at {service.url} after {seconds:.1f} s.\n")
            print(f"POST /report with {len(rendered)} files\n")
            document = client.report(rendered)
            truth = StudyTruth.of(RENDERED.seed, RENDERED.study, RENDERED.prior, english())
            compared = Compared.of(truth, findings_said(document))
            show(report_lines(document, true_report(RENDERED.seed, RENDERED.study, RENDERED.prior)))
            show(["", *compared.lines()])
            packed = client.report([zip_of(rendered, folder / "study.zip")])
            same = same_findings(packed, document)
            show(["", f"POST /report with the same files in one zip: {'the same' if same else 'ANOTHER'} answer"])
            files = write_sample_study(folder)
            show(["", "POST /report with a real cine: as DICOM, as MP4, and cut off in transfer", ""])
            real = client.report(files)
            show(real_lines(real, {position: file.name for position, file in enumerate(files, start=1)}))
            show(["", *wrapped(summing_line(compared, agreeing(document.phenotypes, truth.labels), real, same=same))])


def show(lines: Sequence[str] | Iterator[str]) -> None:
    """Prints lines at once."""
    print("\n".join(lines), flush=True)


def report_lines(document: ReportDocument, truth: Mapping[str, str]) -> Iterator[str]:
    """The draft: what was posted, its impression, its sections beside a correct report."""
    page = Page.of(document)
    title = page.named.title or page.words.title
    yield from (title, "=" * len(title), *wrapped(document.draft_notice), page.words.header)
    if document.header is not None:
        yield from header_lines(document.header, page)
    if document.impression:
        yield from (page.words.impression, *impression_lines(document, page.words))
    yield from ("", *side_by_side(document, truth))


def real_lines(document: ReportDocument, names: Mapping[int, str]) -> Iterator[str]:
    """What became of each file of the real study, and the warnings."""
    yield from clip_lines(document.clips, Page.of(document, names))
    for warning in document.warnings:
        text = with_names(warning.text, names)
        yield from wrapped(f"! {text} [{warning.code}]", indent="  ", hanging="    ")


def summing_line(compared: Compared, agreed: tuple[int, int], real: ReportDocument, *, same: bool) -> str:
    """The demonstration in one sentence."""
    left_out = sum(not clip.used for clip in real.clips)
    abnormal = len(compared.found) + len(compared.degrees) + len(compared.missed)
    return (
        f"Of {abnormal} abnormal findings {len(compared.found)} were found, {len(compared.degrees)} in another degree, "
        f"{len(compared.missed)} missed and {len(compared.invented)} invented; {agreed[0]} of {agreed[1]} calls and "
        f"numbers agree with the truth; the zip gave {'the same' if same else 'ANOTHER'} answer; of the real study "
        f"{left_out} of {len(real.clips)} files were left out, each with its reason."
    )


def zip_of(files: Sequence[Path], path: Path) -> Path:
    """One zip of the files, as a file manager packs a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"study/{file.name}")
    return path


def same_findings(first: ReportDocument, second: ReportDocument) -> bool:
    """Whether two answers say the same of the same clips."""
    said = {"header", "impression", "sections", "measurements", "phenotypes", "clips", "warnings"}
    return first.model_dump(include=said) == second.model_dump(include=said)


if __name__ == "__main__":
    main()
