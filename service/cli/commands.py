"""The command `echoscribe`: studies, reports and serving here, what a site runs in the files beside. It only prints."""

import io
import json
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from service.answer.samples import Samples
from service.artifacts import pipeline_of, set_threads
from service.cli import bank as bank_commands
from service.cli import imports, keys, site_studies, train
from service.cli.answering import Asked, LocalAnswer, local_text
from service.cli.answers import JsonOutput, Shown, show_each, show_study
from service.cli.doctor import diagnose
from service.cli.embed import embed_study
from service.cli.feedback import FEEDBACK_EXAMPLES, feedback
from service.cli.fine_tune import FINE_TUNE_EXAMPLES, fine_tune
from service.cli.formats import FormatOutput, write_study
from service.cli.output import USER_MISTAKES, examples, print_mistake, print_table
from service.cli.output import stderr as _errors
from service.cli.reading import print_report, read_file
from service.cli.trace import TRACE_EXAMPLES, trace
from service.errors import InvalidField, ServiceError
from service.http.serve import serve as run_server
from service.pipeline import ReportPipeline
from service.renderings.local_names import with_names
from service.renderings.negotiation import FORMATS
from service.renderings.report_text import report_text
from service.renderings.samples_text import samples_text
from service.schemas import Mode, PhenotypeOut, ReportDocument, answer_json
from service.settings import Settings
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
Each = Annotated[
    bool,
    typer.Option(
        "--each",
        help="One answer for each sub-folder of STUDY (DICOM goes by its StudyInstanceUID). --json then writes a line "
        "for each, or a file for each where it names a folder. Exit status 1 when one of them is unusable.",
    ),
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
    samples: Annotated[int, typer.Option("--samples", help="Further drafts, drawn: 1 to 8.")] = 0,
    temperature: Annotated[float, typer.Option("--temperature", help="How freely they are drawn: above 0 to 2.")] = 1.0,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Their words come from so many likeliest.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the first; each other one has one more.")] = 0,
    each: Each = False,
    json_path: JsonPath = None,
    form: Annotated[str | None, typer.Option("--format", help=f"{', '.join(FORMATS)}; needs --out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File of that format; '-' is the output.")] = None,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Write the draft report of one study."""
    output, in_format = JsonOutput(json_path, each), FormatOutput.of(form, out)
    if in_format is not None and (each or json_path is not None or samples):
        raise InvalidField("--format: goes with none of --json, --each and --samples", field="--format")
    drawn = Samples(samples, temperature, top_k, seed) if samples else None
    if drawn is None and (temperature, top_k, seed) != (1.0, None, 0):
        raise InvalidField("--temperature, --top-k, --seed: say how further drafts are drawn; --samples says how many")
    asked = Asked(
        settings=_settings(bundle, bank, device), load=_pipeline, mode=mode, neighbours=k, lang=lang, samples=drawn
    )
    if in_format is not None:
        write_study(study, asked, in_format)
    else:
        (show_each if each else show_study)(study, asked, _REPORT, output)


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
    each: Each = False,
    json_path: JsonPath = None,
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Print the phenotype predictions of one study, without writing its report."""
    output = JsonOutput(json_path, each)
    asked = Asked(settings=_settings(bundle, bank, device), load=_pipeline, neighbours=k, write=False)
    (show_each if each else show_study)(study, asked, _PHENOTYPES, output)


@app.command(epilog=examples("echoscribe embed STUDY --out X.npz"))
def embed(
    study: StudyPaths,
    *,
    out: Annotated[Path, typer.Option("--out", help="File of the vectors (.npz); written whole or not at all.")],
    bundle: BundlePath = None,
    bank: BankPath = None,
    device: Device = None,
) -> None:
    """Write the vectors of one study: of each clip, each section, and the probabilities of views, with their names."""
    embed_study(study, out, _settings(bundle, bank, device), _pipeline)


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
    for draft in drafts_in(settings.results_place, study_id):
        typer.echo(answer_json(draft) if as_json else report_text(draft))


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
app.add_typer(keys.app, name="keys")
app.command(epilog=TRACE_EXAMPLES)(trace)
app.command(epilog=site_studies.CALIBRATE_EXAMPLES)(site_studies.calibrate)
app.command(epilog=site_studies.THRESHOLDS_EXAMPLES)(site_studies.thresholds)
app.command(epilog=site_studies.VALIDATE_EXAMPLES)(site_studies.validate)
app.command(epilog=site_studies.PSEUDONYM_EXAMPLES)(site_studies.pseudonym)
app.command(epilog=FEEDBACK_EXAMPLES)(feedback)
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


def _print_phenotypes(answer: LocalAnswer) -> None:
    print_table(_phenotype_table(answer.document.phenotypes))
    for warning in answer.document.warnings:
        text = with_names(warning.text, answer.names)
        _errors.print(f"{warning.code}: {text}", style="yellow", markup=False, soft_wrap=True)


def _phenotype_json(document: ReportDocument, indent: int | None) -> str:
    return json.dumps({name: row.model_dump() for name, row in document.phenotypes.items()}, indent=indent)


def _phenotype_table(rows: dict[str, PhenotypeOut]) -> Table:
    table = Table("phenotype", "value", "unit", "p10 to p90", "labelled", "positive", "section")
    for name, row in rows.items():
        value = "-" if row.value is None else f"{row.value:.3g}"
        spread = "-" if row.p10 is None or row.p90 is None else f"{row.p10:.3g} to {row.p90:.3g}"
        positive = "-" if row.positive is None else str(row.positive).lower()
        table.add_row(name, value, row.unit or "", spread, f"{row.labelled} of {row.k}", positive, row.section)
    return table


_REPORT = Shown(
    lambda answer: typer.echo(report_text(answer.document, answer.names) + samples_text(answer.document)),
    answer_json,
)
_PHENOTYPES = Shown(_print_phenotypes, _phenotype_json)


def main() -> None:
    """Entry point: the user's mistakes become one line on stderr and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an output that has no "²" gets a question mark and no traceback
    try:
        app()
    except USER_MISTAKES as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        plain = local_text(error) if isinstance(error, ServiceError) else str(error)
        text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else plain
        print_mistake(text)
        sys.exit(2)
