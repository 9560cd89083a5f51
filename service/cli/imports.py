"""`echoscribe import`: networks and candidates of others become a bundle and a bank."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import examples, observed, print_summary

app = typer.Typer(no_args_is_help=True, help="Import an EchoPrime release, or networks of your own. No pickle is run.")


@app.command(
    epilog=examples(
        "echoscribe import echoprime RELEASE --out B",
        "echoscribe report STUDY --bundle B/bundle --bank B/bank",
    )
)
def echoprime(
    release: Annotated[Path, typer.Argument(help="Folder of the release, with model_data/ and assets/.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder that gets bundle/ and bank/.")],
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="Folder with the text encoder's vocab.txt; that encoder is converted too (440 MB)."),
    ] = None,
) -> None:
    """Import an EchoPrime release: its weights become a bundle, its candidates a bank.

    An import that was stopped goes on where it was.
    """
    from service.site.echoprime.importing import import_release

    with observed() as observer:
        summary = import_release(release, out, tokenizer=tokenizer, observer=observer)
    print_summary(summary)


@app.command(
    epilog=examples(
        "echoscribe import weights --video-encoder E.pt --view-classifier V.safetensors --mil MIL.csv "
        "--description lab.json --out B"
    )
)
def weights(
    *,
    video_encoder: Annotated[Path, typer.Option(help="State dict of a torchvision MViT v2 (.pt or .safetensors).")],
    view_classifier: Annotated[Path, typer.Option(help="State dict of a torchvision ConvNeXt (.pt or .safetensors).")],
    mil: Annotated[Path, typer.Option(help="CSV: Section, and a column per view.")],
    description: Annotated[
        Path, typer.Option(help="JSON: what no tensor tells, as name, licence notice, views and preprocessing.")
    ],
    out: Annotated[Path, typer.Option(help="The bundle; must not exist.")],
) -> None:
    """Make a bundle of your own networks: any MViT v2 and ConvNeXt of torchvision, any dimension, any views."""
    from service.site.weights.description import WeightsDescription
    from service.site.weights.importing import VIDEO, import_weights

    said = WeightsDescription.read(description)
    manifest = import_weights(video_encoder, view_classifier, mil, said, out)
    counts = {"dimension": manifest.embedding_dim, "views": len(manifest.views), "sections": len(manifest.sections)}
    print_summary({"bundle": manifest.name, **counts, "encoder_sha256": manifest.files[VIDEO]})
