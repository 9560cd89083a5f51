"""`echoscribe train`: a tokenizer, or a report decoder of any modality, learns from own reports and embeddings."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import examples, observed, print_summary
from service.site.decoder_training.options import VOCABULARY, TokenizerOptions
from service.site.embedding_training.options import Effort, EmbeddingTrainingOptions, Sizes, SweptSizes
from service.site.reports.limits import PATIENTS_OF_A_PHRASE

app = typer.Typer(no_args_is_help=True, help="Train a tokenizer, or a report decoder of any modality.")
_FILES = "--taxonomy taxonomy.yaml --manifest studies.csv --embeddings X.npy --reports reports.csv"


@app.command(
    epilog=examples(
        "echoscribe train tokenizer --out FOLDER",
        "echoscribe train tokenizer --out FOLDER --phrases phrases.json --bank BANK --vocabulary 4096",
    )
)
def tokenizer(
    *,
    out: Annotated[Path, typer.Option(help="Folder that tokenizer.json is written to.")],
    phrases: Annotated[
        Path | None, typer.Option(help="Phrase file of the language; default: the shipped bundle's.")
    ] = None,
    bank: Annotated[Path | None, typer.Option(help="Bank whose wordings are learned as well.")] = None,
    vocabulary: Annotated[int, typer.Option(help="Largest number of tokens.")] = VOCABULARY,
) -> None:
    """Learn the report tokenizer from a language's phrases: byte-level BPE in which every slot is one token."""
    from service.site.decoder_training.report_tokenizer import write_tokenizer

    print_summary(write_tokenizer(TokenizerOptions(out=out, phrases=phrases, bank=bank, vocabulary=vocabulary)))


@app.command(
    epilog=examples(
        f"echoscribe train embeddings {_FILES} --out sizes --sweep --vocabularies 512 --vocabularies 2048",
        f"echoscribe train embeddings {_FILES} --out decoder --vocabulary 2048 --layers 4",
    )
)
def embeddings(
    *,
    taxonomy: Annotated[Path, typer.Option(help="YAML or JSON of sections and phenotypes.")],
    manifest: Annotated[Path, typer.Option(help="CSV or JSON: study, patient, split.")],
    embeddings: Annotated[Path, typer.Option(help="Float .npy (N, D) or (N, sections, D).")],
    reports: Annotated[Path, typer.Option(help="CSV: study and a column per section.")],
    out: Annotated[Path, typer.Option(help="Folder of the decoder; training goes on where it was stopped.")],
    embedding_ids: Annotated[
        Path | None, typer.Option(help="Study ids of the rows of --embeddings; else the manifest's.")
    ] = None,
    least_patients: Annotated[int, typer.Option(help="Patients that must share a sentence.")] = PATIENTS_OF_A_PHRASE,
    vocabulary: Annotated[int, typer.Option(help="Largest number of tokens.")] = Sizes.vocabulary,
    length: Annotated[int, typer.Option(help="Tokens of a section; 0: the longest's.")] = Sizes.length,
    layers: Annotated[int, typer.Option(help="Layers of the decoder.")] = Sizes.layers,
    width: Annotated[int, typer.Option(help="Width of the decoder.")] = Sizes.width,
    heads: Annotated[int, typer.Option(help="Attention heads.")] = Sizes.heads,
    steps: Annotated[int, typer.Option(help="Training steps.")] = Effort.steps,
    seconds: Annotated[float, typer.Option(help="Stop after this time as well; 0 for no limit.")] = Effort.seconds,
    rows_per_step: Annotated[int, typer.Option(help="Sections in a step.")] = Effort.rows_per_step,
    learning_rate: Annotated[float, typer.Option(help="Largest learning rate.")] = Effort.learning_rate,
    sweep: Annotated[bool, typer.Option("--sweep", help="Try sizes, for --seconds each (60 unless given).")] = False,
    vocabularies: Annotated[list[int] | None, typer.Option(help="To try: 512, 2048; may be repeated.")] = None,
    lengths: Annotated[list[int] | None, typer.Option(help="To try: 0; may be repeated.")] = None,
    depths: Annotated[list[int] | None, typer.Option(help="Layers to try: 2, 4; may be repeated.")] = None,
    curve: Annotated[bool, typer.Option("--curve", help="Draw the losses as curve.png (extra [train]).")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; no more than are free.")] = 2,
    seed: Annotated[int, typer.Option(help="Of weights, batches and disturbances.")] = Effort.seed,
) -> None:
    """Train a report decoder from a manifest, embeddings and reports; or try sizes and print a table."""
    options = EmbeddingTrainingOptions(
        taxonomy=taxonomy,
        manifest=manifest,
        embeddings=embeddings,
        reports=reports,
        out=out,
        embedding_ids=embedding_ids,
        least_patients=least_patients,
        sizes=Sizes(vocabulary, length, layers, width, heads),
        effort=Effort(steps, seconds, rows_per_step, learning_rate, seed),
        device=device,
        threads=threads,
    )
    if sweep:
        given = {"vocabularies": vocabularies, "lengths": lengths, "depths": depths}
        _sweep(options, SweptSizes(**{name: tuple(sizes) for name, sizes in given.items() if sizes}))
    else:
        _train(options, curve=curve)


def _train(options: EmbeddingTrainingOptions, *, curve: bool) -> None:
    from service.extras import require_extra
    from service.site.embedding_training.training import train_decoder
    from service.site.training.curve import draw_curve

    if curve:
        require_extra("train")
    with observed() as observer:
        summary = train_decoder(options, observer)
    if curve:
        draw_curve(options.out)
    print_summary(summary)


def _sweep(options: EmbeddingTrainingOptions, tried: SweptSizes) -> None:
    from service.site.embedding_training.sweep import f1, table_lines
    from service.site.embedding_training.training import sweep_sizes

    with observed() as observer:
        coverage, results = sweep_sizes(options, tried, observer)
    for line in table_lines(results):
        typer.echo(line)
    print_summary({**coverage, "best": results[0]["sizes"], "f1": f1(results[0])})
