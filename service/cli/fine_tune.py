"""`echoscribe fine-tune`: video encoder and text tower of a bundle learn from own studies and signed reports."""

import os
from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import examples, observed, print_summary
from service.site.fine_tuning.options import FineTuningOptions
from service.site.observer import QUIET

_FILES = "--bundle B --studies STUDIES --reports reports.csv --mapping columns.yaml --out B2"
FINE_TUNE_EXAMPLES = examples(
    f"echoscribe fine-tune {_FILES} --steps 1000",
    "Several GPUs; --patients is of each of them:",
    f"torchrun --nproc-per-node 4 -m service.cli.entry fine-tune {_FILES}",
)


def fine_tune(
    *,
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    studies: Annotated[Path, typer.Option(help="Folder with a folder of clips per study.")],
    reports: Annotated[Path, typer.Option(help="CSV of signed reports.")],
    mapping: Annotated[Path, typer.Option(help="YAML: what the columns are.")],
    out: Annotated[Path, typer.Option(help="Folder of the new bundle.")],
    steps: Annotated[int, typer.Option(help="Training steps.")] = FineTuningOptions.steps,
    patients: Annotated[int, typer.Option(help="Different patients in a step.")] = FineTuningOptions.patients,
    clips: Annotated[
        int, typer.Option(help="Clips of a study that are kept, evenly chosen.")
    ] = FineTuningOptions.clips,
    learning_rate: Annotated[float, typer.Option(help="Largest learning rate.")] = FineTuningOptions.learning_rate,
    freeze_text: Annotated[bool, typer.Option("--freeze-text", help="Train the video encoder alone.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the new bundle.")] = None,
    checkpoint_every: Annotated[
        int, typer.Option(help="Steps that a stop can cost again.")
    ] = FineTuningOptions.checkpoint_every,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = FineTuningOptions.device,
    seed: Annotated[int, typer.Option(help="Of the order of patients and clips.")] = FineTuningOptions.seed,
) -> None:
    """Fine-tune video encoder and text tower of a bundle; recall@5 of held-out patients is measured before and after.

    It goes on where it was stopped. The new bundle has no decoder, thresholds or calibration, and old banks do not fit.
    """
    from service.site.fine_tuning.tuning import fine_tune as run

    options = FineTuningOptions(
        bundle=bundle,
        studies=studies,
        reports=reports,
        mapping=mapping,
        out=out,
        steps=steps,
        patients=patients,
        clips=clips,
        learning_rate=learning_rate,
        freeze_text=freeze_text,
        name=name,
        checkpoint_every=checkpoint_every,
        device=device,
        seed=seed,
    )
    first = int(os.environ.get("RANK", "0")) == 0  # of the processes that torchrun started, one speaks
    if not first:
        run(options, QUIET)
        return
    with observed() as observer:
        summary = run(options, observer)
    typer.echo(f"{out}: a new encoder; build its bank again: echoscribe bank build --bundle {out}")
    print_summary(summary)
