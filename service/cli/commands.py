"""The command `echoscribe`: studies, reports and serving here, what a site runs in the files beside. It only prints."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.artifacts import pipeline_of, set_threads
from service.cli import bank as bank_commands
from service.cli import imports, site_studies, train
from service.cli.doctor import diagnose
from service.cli.fine_tune import FINE_TUNE_EXAMPLES, fine_tune
from service.cli.output import USER_MISTAKES, print_mistake
from service.cli.output import stderr as _errors
from service.cli.reading import print_report, read_file
from service.errors import InvalidField
from service.http.serve import serve as run_server
from service.modalities.registry import served_by
from service.pipeline import ReportPipeline
from service.renderings.report_text import report_text
from service.run_options import Progress, ProgressSink, RunOptions, silent
from service.schemas import Mode, PhenotypeOut, ReportDocument
from service.settings import Settings
from service.study.runner import default_neighbours, ingest_limits
from service.study.shadow_drafts import drafts_in

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Echo clips in; a draft report, phenotypes and their evidence out. A draft for a physician, not a diagnosis.",
)

StudyPaths = Annotated[
    list[Path],
    typer.Argument(metavar="STUDY", help="A folder, a zip, or the clips of one study (DICOM, MP4, AVI, MOV)."),
]
BundlePath = Annotated[Path | None, typer.Option("--bundle", help="Bundle folder; default: the shipped one.")]
BankPath = Annotated[Path | None, typer.Option("--bank", help="Bank folder; default: the shipped one.")]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Neighbours = Annotated[int | None, typer.Option("--k", help="Nearest candidates that vote.")]
JsonPath = Annotated[
    Path | None, typer.Option("--json", help="Write the whole answer here as JSON; '-' prints it instead of the text.")
]


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"echoscribe {version_of('echoscribe')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options of the command as a whole."""


@app.command()
def report(
    study: StudyPaths,
    *,
    mode: Annotated[Mode | None, typer.Option("--mode", help="rag, retrieval or generate.")] = None,
    k: Neighbours = None,
    lang: Annotated[str | None, typer.Option("--lang", help="Language of the report, as en or de.")] = None,
    json_path: JsonPath = None,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Write the draft report of one study."""
    _check_writable(json_path)
    answer = _answer(study, _settings(bundle, bank, device), mode, k, lang)
    if json_path is None or str(json_path) != "-":
        typer.echo(report_text(answer))
    _write_json(answer.model_dump_json(indent=1), json_path)
    _require_usable(answer)


@app.command()
def read(
    report_file: Annotated[
        Path, typer.Argument(metavar="REPORT", help="A report as a text file; '-' reads the input.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Show what is understood of a written report, sentence by sentence."""
    print_report(read_file(report_file), as_json=as_json)


@app.command()
def phenotypes(
    study: StudyPaths,
    *,
    k: Neighbours = None,
    json_path: JsonPath = None,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Print the phenotype predictions of one study, without writing its report."""
    _check_writable(json_path)
    answer = _answer(study, _settings(bundle, bank, device), None, k, write=False)
    if json_path is None or str(json_path) != "-":
        Console().print(_phenotype_table(answer.phenotypes))
        for warning in answer.warnings:
            _errors.print(f"{warning.code}: {warning.text}", style="yellow")
    _write_json(json.dumps({name: p.model_dump() for name, p in answer.phenotypes.items()}, indent=1), json_path)
    _require_usable(answer)


@app.command()
def info(bundle: BundlePath = None, bank: BankPath = None, device: Device = None) -> None:
    """Print names, versions and hashes of the bundle and bank in use, as JSON."""
    pipeline = _pipeline(_settings(bundle, bank, device))
    offered = {"modes": pipeline.modes, "languages": pipeline.languages.tags}
    typer.echo(json.dumps({**offered, **pipeline.provenance}, indent=1))


@app.command()
def drafts(
    study_id: Annotated[str | None, typer.Argument(help="Only the draft of this study.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per line.")] = False,
) -> None:
    """Print the drafts that the service stored in shadow mode, newest first; nobody else sees them."""
    settings = Settings.model_validate({**Settings().model_dump(), "shadow": True})
    for draft in drafts_in(settings.results_file, study_id):
        typer.echo(draft.model_dump_json() if as_json else report_text(draft))


@app.command()
def doctor(
    verify: Annotated[bool, typer.Option("--verify", help="Also hash every block of the bank.")] = False,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Check this machine, the bundle and the bank; exit status 1 when something would not work."""
    findings = list(diagnose(_settings(bundle, bank, device), verify=verify))
    for finding in findings:
        mark = "ok  " if finding.ok else "FAIL"
        typer.echo(f"{mark} {finding.what}: {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Serve POST /report and GET /phenotypes over HTTP."""
    run_server(_settings(bundle, bank, device, host=host, port=port))


app.add_typer(bank_commands.app, name="bank")
app.add_typer(imports.app, name="import")
app.add_typer(train.app, name="train")
app.command(epilog=site_studies.CALIBRATE_EXAMPLES)(site_studies.calibrate)
app.command(epilog=site_studies.VALIDATE_EXAMPLES)(site_studies.validate)
app.command(epilog=site_studies.PSEUDONYM_EXAMPLES)(site_studies.pseudonym)
app.command("fine-tune", epilog=FINE_TUNE_EXAMPLES)(fine_tune)


def _settings(
    bundle: Path | None, bank: Path | None, device: str | None, *, host: str | None = None, port: int | None = None
) -> Settings:
    """Settings from the environment, overridden by the options that were given."""
    given = {"bundle": bundle, "bank": bank, "device": device, "host": host, "port": port}
    # The environment is read first, so that an option wins over it.
    return Settings.model_validate(
        {**Settings().model_dump(), **{name: value for name, value in given.items() if value is not None}}
    )


def _pipeline(settings: Settings) -> ReportPipeline:
    set_threads(settings.threads, settings.bundle)
    return pipeline_of(settings)


def _answer(
    study: list[Path],
    settings: Settings,
    mode: Mode | None,
    k: int | None,
    lang: str | None = None,
    *,
    write: bool = True,
) -> ReportDocument:
    """The study's document, with progress per clip on stderr; write False: its text does not matter."""
    open_study = served_by(settings.bundle).open_study
    with open_study(study, ingest_limits(settings)) as files:  # first: a wrong path is told before networks are loaded
        pipeline = _pipeline(settings)
        neighbours = default_neighbours(settings, pipeline) if k is None else k
        quoted = not write and "retrieval" in pipeline.modes  # quoting is done at once, a decoder takes its time
        options = RunOptions("retrieval" if quoted else mode, neighbours, settings.depth, lang=lang)
        pipeline.check(options)
        with _progress(files.files) as sink:
            answer = pipeline.run(files.readers(pipeline.reading_plan), options, sink)
        for position, path in enumerate(files.paths, start=1):
            _errors.print(f"clip {position}: {path.name}", markup=False)  # local names stay on this terminal
        return answer


@contextmanager
def _progress(files: int) -> Iterator[ProgressSink]:
    """A progress line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield silent
        return
    with Bar(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=_errors) as bar:
        task = bar.add_task("reading")

        def show(step: Progress) -> None:
            count = f" clip {step.done} of {files}" if step.stage == "prepare" else ""
            bar.update(task, description=step.stage + count)

        yield show


def _require_usable(answer: ReportDocument) -> None:
    """Raises typer.Exit with status 1 when no file of the study could be used."""
    if answer.status == "unusable":
        raise typer.Exit(1)


def _phenotype_table(rows: dict[str, PhenotypeOut]) -> Table:
    table = Table("phenotype", "value", "unit", "p10 to p90", "labelled", "positive", "section")
    for name, row in rows.items():
        value = "-" if row.value is None else f"{row.value:.3g}"
        spread = "-" if row.p10 is None or row.p90 is None else f"{row.p10:.3g} to {row.p90:.3g}"
        positive = "-" if row.positive is None else str(row.positive).lower()
        table.add_row(name, value, row.unit or "", spread, f"{row.labelled} of {row.k}", positive, row.section)
    return table


def _check_writable(path: Path | None) -> None:
    """Raises InvalidField when the answer could not be written there: told now, not after minutes of work."""
    if path is None or str(path) == "-":
        return
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidField(f"--json: {path} cannot be written; is its folder there?", field="--json")


def _write_json(text: str, path: Path | None) -> None:
    """Writes to the file, or prints for '-'."""
    if path is None:
        return
    if str(path) == "-":
        typer.echo(text)
    else:
        path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Entry point: the user's mistakes become one line on stderr and exit status 2."""
    try:
        app()
    except USER_MISTAKES as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        print_mistake(text)
        sys.exit(2)
