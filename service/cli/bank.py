"""`echoscribe bank`: own signed reports become a candidate bank, which grows, shrinks and is searched faster."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.output import examples, observed, print_mistake, print_summary
from service.site.bank.options import DEFAULT_TARGETS, INDEX_QUERIES, NAME, NOTICE, BankOptions, ReportsToAdd

app = typer.Typer(
    no_args_is_help=True, help="Make a candidate bank of own signed reports, add to it, take out of it, index it."
)
_VECTORS = (
    "Vectors are of the text, or of --studies, or of --embeddings with --embedding-ids. Text is de-identified before "
    "anything of it is stored. OUT/last_run holds coverage.json, rejects.csv and quarantine.csv of the last run."
)

Out = Annotated[Path, typer.Option(help="Folder of the bank.")]
KeyFile = Annotated[Path, typer.Option(help="Secret key of the pseudonyms, 16 bytes or more.")]
Bundle = Annotated[Path | None, typer.Option(help="Bundle that will search the bank; default: the shipped one.")]
Reports = Annotated[Path, typer.Option(help="CSV of reports.")]
Mapping = Annotated[Path, typer.Option(help="YAML: what the columns are.")]
Studies = Annotated[Path | None, typer.Option(help="Folder with a folder of clips per study, named by its id.")]
Embeddings = Annotated[Path | None, typer.Option(help="Float .npy (M, D), a vector per study.")]
EmbeddingIds = Annotated[Path | None, typer.Option(help="Study ids of the rows of --embeddings, one a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Look, and write no bank.")]


@app.command(
    epilog=examples(
        "echoscribe bank build --reports reports.csv --mapping columns.yaml --key-file site.key --out BANK --dry-run",
        "echoscribe bank build --reports reports.csv --mapping columns.yaml --key-file site.key --out BANK "
        "--bundle B --studies STUDIES",
    ),
    help=f"Make a bank of signed reports; a build that was stopped goes on where it was. {_VECTORS}",
)
def build(
    *,
    reports: Reports,
    mapping: Mapping,
    key_file: KeyFile,
    out: Out,
    studies: Studies = None,
    embeddings: Embeddings = None,
    embedding_ids: EmbeddingIds = None,
    bundle: Bundle = None,
    dry_run: DryRun = False,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Let answers quote these reports; else they count only.")
    ] = False,
    name: Annotated[str, typer.Option(help="Name of the bank.")] = NAME,
    notice: Annotated[str, typer.Option(help="Licence notice.")] = NOTICE,
) -> None:
    """Makes a bank."""
    options = BankOptions(out=out, key_file=key_file, bundle=bundle, name=name, notice=notice, show_text=show_text)
    vectors: dict[str, Any] = {"studies": studies, "embeddings": embeddings, "embedding_ids": embedding_ids}
    _add(options, ReportsToAdd(reports=reports, mapping=mapping, dry_run=dry_run, **vectors))


@app.command(
    epilog=examples("echoscribe bank append --reports later.csv --mapping columns.yaml --key-file site.key --out BANK"),
    help=f"Add signed reports to a bank as a new version, which a running service takes up by itself. {_VECTORS}",
)
def append(
    *,
    reports: Reports,
    mapping: Mapping,
    key_file: KeyFile,
    out: Out,
    studies: Studies = None,
    embeddings: Embeddings = None,
    embedding_ids: EmbeddingIds = None,
    bundle: Bundle = None,
    dry_run: DryRun = False,
) -> None:
    """Adds to a bank."""
    vectors: dict[str, Any] = {"studies": studies, "embeddings": embeddings, "embedding_ids": embedding_ids}
    adding = ReportsToAdd(reports=reports, mapping=mapping, append=True, dry_run=dry_run, **vectors)
    _add(BankOptions(out=out, key_file=key_file, bundle=bundle), adding)


def _add(options: BankOptions, adding: ReportsToAdd) -> None:
    from service.site.bank.building import add_reports
    from service.site.reports.coverage import coverage_lines

    with observed() as observer:
        summary = add_reports(options, adding, observer)
    rejected, quarantined = Counter(summary["rejected"]), Counter(summary["quarantined"])
    for line in coverage_lines(summary.pop("coverage"), rejected, quarantined):
        typer.echo(line)
    print_summary(summary)


@app.command(
    epilog=examples(
        "echoscribe bank delete --patient MRN --key-file site.key --out BANK",
        "echoscribe bank delete --study ID1 --study ID2 --key-file site.key --out BANK",
    )
)
def delete(
    *,
    key_file: KeyFile,
    out: Out,
    study: Annotated[list[str] | None, typer.Option(metavar="ID", help="A study to take out; may be repeated.")] = None,
    patient: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A patient, with all studies, to take out; may be repeated.")
    ] = None,
    bundle: Bundle = None,
) -> None:
    """Take studies or patients (ids, or their pseudonyms) out of a bank: vectors, text, labels and older versions."""
    from service.site.bank.building import delete_candidates

    options = BankOptions(out=out, key_file=key_file, bundle=bundle)
    print_summary(delete_candidates(options, study or [], patient or []))


@app.command(epilog=examples("echoscribe bank index --bank BANK", "echoscribe bank index --bank BANK --threads 8"))
def index(
    *,
    bank: Annotated[Path, typer.Option(help="Folder of the bank (its current version).")],
    target_recall: Annotated[float, typer.Option(help="Least recall@50, in-distribution queries.")] = DEFAULT_TARGETS[
        "in_distribution"
    ],
    target_cross_modal: Annotated[float, typer.Option(help="Least recall@50, cross-modal queries.")] = DEFAULT_TARGETS[
        "cross_modal"
    ],
    queries: Annotated[
        int, typer.Option(help="Of each kind, to choose by; as many again to judge by.")
    ] = INDEX_QUERIES,
    seed: Annotated[int, typer.Option(help="Of queries and training rows.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; 0 leaves the defaults.")] = 0,
) -> None:
    """Build an approximate search index, and publish it if it finds what an exact search finds; else exit status 1."""
    from service.artifacts import set_threads
    from service.site.bank.indexing import IndexOrder, IndexRefused, add_index

    set_threads(threads)
    targets = {"in_distribution": target_recall, "cross_modal": target_cross_modal}
    try:
        with observed() as observer:
            search = add_index(IndexOrder(bank, targets, queries, seed), observer)
    except IndexRefused as error:
        print_mistake(str(error))
        raise typer.Exit(1) from error
    print_summary({"ok": True, **search})
