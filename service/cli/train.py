"""`echoscribe train`: a report decoder learns from a bank, or from own reports and embeddings; or a tokenizer does."""

import os
from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import examples, observed, print_summary
from service.site.bank_training.options import BankTrainingOptions, Size
from service.site.decoder_training.options import VOCABULARY, TokenizerOptions
from service.site.embedding_training.options import Effort, EmbeddingTrainingOptions, Sizes, SweptSizes
from service.site.observer import QUIET
from service.site.reports.limits import PATIENTS_OF_A_PHRASE

app = typer.Typer(no_args_is_help=True, help="Train a report decoder for a bank, or of any modality; or a tokenizer.")
_FILES = "--taxonomy taxonomy.yaml --manifest studies.csv --embeddings X.npy --reports reports.csv"

_Minutes = Annotated[float, typer.Option(help="Of making rows and training together; 0: --steps alone.")]
_SizeName = Annotated[Size, typer.Option(help="development: 0.8 M parameters; full: 27 M; auto: by the device.")]
_Candidates = Annotated[int, typer.Option(help="Most candidates that rows are made of; 0: what the time allows.")]
_LearningRate = Annotated[float, typer.Option(help="Largest learning rate; 0: that of the size.")]
_TestStudies = Annotated[int, typer.Option(help="Held-out studies that are written and scored.")]


@app.command(
    epilog=examples(
        "echoscribe train decoder --bundle B --bank K --out B2 --minutes 60",
        "Several GPUs; --rows-per-step is of each of them:",
        "torchrun --nproc-per-node 4 -m service.cli.entry train decoder --bundle B --bank K --out B2",
    )
)
def decoder(
    *,
    bundle: Annotated[Path, typer.Option(help="Bundle whose encoder made the bank's vectors.")],
    bank: Annotated[Path, typer.Option(help="Bank with reports and labels that is learned from.")],
    out: Annotated[Path, typer.Option(help="Folder of the new bundle; it appears whole at the end.")],
    minutes: _Minutes = BankTrainingOptions.minutes,
    studies: Annotated[Path | None, typer.Option(help="Folder of encoded studies with reports: real queries.")] = None,
    size: _SizeName = BankTrainingOptions.size,
    vocabulary: Annotated[int, typer.Option(help="Largest number of tokens.")] = BankTrainingOptions.vocabulary,
    layers: Annotated[int, typer.Option(help="Layers of the decoder; 0: those of the size.")] = 0,
    section_tokens: Annotated[int, typer.Option(help="Most tokens of a section; 0: the longest's.")] = 0,
    candidates: _Candidates = BankTrainingOptions.candidates,
    steps: Annotated[int, typer.Option(help="Most training steps; 0: no limit.")] = BankTrainingOptions.steps,
    rows_per_step: Annotated[int, typer.Option(help="Sections in a step.")] = BankTrainingOptions.rows_per_step,
    learning_rate: _LearningRate = BankTrainingOptions.learning_rate,
    test_studies: _TestStudies = BankTrainingOptions.test_studies,
    without_evidence: Annotated[
        bool, typer.Option("--without-evidence", help="An arm that never reads evidence, to compare with.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = BankTrainingOptions.device,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.")] = BankTrainingOptions.threads,
    seed: Annotated[int, typer.Option(help="Of split, weights, rows and batches.")] = BankTrainingOptions.seed,
) -> None:
    """Train a report decoder for a bank and put it into a new bundle, with thresholds and an evaluation.

    A stopped run goes on with the same command. A third of the patients is held out: half of it sets thresholds, half
    is written and scored (evaluation.md in the new bundle).
    """
    from service.site.bank_training.stages import train_on_bank

    options = BankTrainingOptions(
        bundle=bundle,
        bank=bank,
        out=out,
        minutes=minutes,
        studies=studies,
        size=size,
        vocabulary=vocabulary,
        layers=layers,
        section_tokens=section_tokens,
        candidates=candidates,
        steps=steps,
        rows_per_step=rows_per_step,
        learning_rate=learning_rate,
        test_studies=test_studies,
        evidence=not without_evidence,
        device=device,
        threads=threads,
        seed=seed,
    )
    first = int(os.environ.get("RANK", "0")) == 0  # of the processes that torchrun started, one speaks
    if not first:
        train_on_bank(options, QUIET)
        return
    with observed() as observer:
        summary = train_on_bank(options, observer)
    for bar in summary["bars"]:
        value = "unknown" if bar["value"] is None else f"{bar['value']:.3f}"
        typer.echo(f"{bar['name']}: {value} (asked {bar['asked']}){'' if bar['met'] else '  NOT MET'}")
    print_summary(summary)


@app.command(
    epilog=examples("echoscribe train sweep --bundle B --bank K --out sizes --minutes 5 --vocabularies 512 --depths 2")
)
def sweep(
    *,
    bundle: Annotated[Path, typer.Option(help="Bundle whose encoder made the bank's vectors.")],
    bank: Annotated[Path, typer.Option(help="Bank with reports and labels that is learned from.")],
    out: Annotated[Path, typer.Option(help="Folder of the results; a size that is finished is kept.")],
    minutes: Annotated[float, typer.Option(help="For each size.")] = 5.0,
    steps: Annotated[int, typer.Option(help="Most training steps; 0: no limit.")] = 0,
    studies: Annotated[Path | None, typer.Option(help="Folder of encoded studies with reports.")] = None,
    vocabularies: Annotated[list[int] | None, typer.Option(help="To try: 512, 2048; may be repeated.")] = None,
    lengths: Annotated[list[int] | None, typer.Option(help="Section's tokens to try: 0; may be repeated.")] = None,
    depths: Annotated[list[int] | None, typer.Option(help="Layers to try: 2, 4; may be repeated.")] = None,
    candidates: _Candidates = BankTrainingOptions.candidates,
    test_studies: Annotated[int, typer.Option(help="Held-out studies whose reports are read.")] = 300,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = BankTrainingOptions.device,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all.")] = BankTrainingOptions.threads,
) -> None:
    """Train a bank's decoder in several sizes for the same time, and print which needs the fewest bits per byte."""
    from service.site.bank_training.sweep import SweptSizes, table_lines
    from service.site.bank_training.sweep import sweep as sweep_sizes

    options = BankTrainingOptions(
        bundle=bundle,
        bank=bank,
        out=out,
        minutes=minutes,
        steps=steps,
        studies=studies,
        candidates=candidates,
        test_studies=test_studies,
        device=device,
        threads=threads,
    )
    given = {"vocabularies": vocabularies, "section_tokens": lengths, "layers": depths}
    with observed() as observer:
        results = sweep_sizes(options, SweptSizes(**{n: tuple(s) for n, s in given.items() if s}), observer)
    for line in table_lines(results):
        typer.echo(line)
    best = results[0]
    print_summary({"best": {name: best[name] for name in ("vocabulary", "section_tokens", "layers")}, **best})


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


@app.command("tokenizer-report", epilog=examples("echoscribe train tokenizer-report --tokenizer B --bank BANK"))
def tokenizer_report(
    *,
    tokenizer: Annotated[Path, typer.Option(help="Folder with tokenizer.json: a bundle, or what a training wrote.")],
    bank: Annotated[Path, typer.Option(help="Bank whose reports are packed.")],
    reports: Annotated[int, typer.Option(min=1, help="Reports that are drawn.")] = 1000,
) -> None:
    """Show how well a tokenizer packs reports, beside bytes and a tokenizer of general text of the same size."""
    from service.site.decoder_training.tokenizer_report import as_fields, report_of, table_lines

    found = report_of(tokenizer, bank, reports)
    for line in table_lines(found):
        typer.echo(line)
    print_summary(as_fields(found))


@app.command(epilog=examples("echoscribe train curve B2"))
def curve(
    folder: Annotated[Path, typer.Argument(help="Folder with log.jsonl: of a training, or a bundle that has one.")],
) -> None:
    """Draw the losses of a training as curve.png beside its log (extra [train])."""
    from service.site.training.curve import draw_curve

    print_summary({"curve": str(draw_curve(folder))})


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
