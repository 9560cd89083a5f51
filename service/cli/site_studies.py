"""`echoscribe calibrate`, `validate` and `pseudonym`: a site holds drafts against its own studies."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from service.cli.output import examples, observed, print_summary
from service.site.calibration.options import FALSE_FLAGS, CalibrationOptions
from service.site.validation.options import ValidationOptions

CALIBRATE_EXAMPLES = examples(
    "echoscribe calibrate --bundle B --bank BANK --studies STUDIES --labels labels.csv --key-file site.key --out B2",
    "echoscribe calibrate --bundle B --bank BANK --studies STUDIES --labels labels.csv --split eval/split.csv "
    "--sensitivity 0.9 --out B2",
)
VALIDATE_EXAMPLES = examples(
    "echoscribe validate --bundle B --bank BANK --studies STUDIES --reports signed.csv --key-file site.key --out eval",
    "echoscribe validate --bundle B --bank BANK --studies STUDIES --reports signed.csv --lang de --out eval",
)
THRESHOLDS_EXAMPLES = examples(
    "echoscribe thresholds --bundle B/bundle --bank B/bank", "echoscribe thresholds --bundle B --bank BANK --out B2"
)
PSEUDONYM_EXAMPLES = examples(
    "head -c 32 /dev/urandom > site.key", "echoscribe pseudonym --key-file site.key MRN1 MRN2"
)

Bundle = Annotated[Path, typer.Option(help="Folder of the bundle.")]
Bank = Annotated[Path, typer.Option(help="Folder of the bank.")]
Studies = Annotated[Path, typer.Option(help="Folder with one folder or zip per study.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="Key of the bank's pseudonyms: studies that are in the bank are left out.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def calibrate(
    *,
    bundle: Bundle,
    bank: Bank,
    studies: Studies,
    labels: Annotated[Path, typer.Option(help="CSV: study, and a column per phenotype.")],
    out: Annotated[Path, typer.Option(help="The calibrated bundle; must not exist.")],
    split: Annotated[
        Path | None, typer.Option(help="split.csv of `echoscribe validate`: its test half is left untouched.")
    ] = None,
    key_file: KeyFile = None,
    sensitivity: Annotated[float | None, typer.Option(help="Target of every threshold; without it largest F1.")] = None,
    false_flags: Annotated[float, typer.Option(help="Share of known clips that are warned of.")] = FALSE_FLAGS,
    device: Device = "cpu",
) -> None:
    """Set thresholds, probabilities, intervals and warnings of a bundle on own labelled studies."""
    from service.site.calibration.calibrating import calibrate as run

    options = CalibrationOptions(
        bundle=bundle,
        bank=bank,
        studies=studies,
        labels=labels,
        out=out,
        split=split,
        key_file=key_file,
        sensitivity=sensitivity,
        false_flags=false_flags,
        device=device,
    )
    with observed() as observer:
        summary = run(options, observer)
    print_summary(summary)


def thresholds(
    *,
    bundle: Bundle,
    bank: Bank,
    studies: Annotated[
        int, typer.Option(help="Labelled candidates that are asked for, half of them to set ours.")
    ] = 2000,
    out: Annotated[Path | None, typer.Option(help="A bundle with what was decided; must not exist.")] = None,
    device: Device = "cpu",
) -> None:
    """Judge a bundle's thresholds on the labelled candidates of its bank, beside thresholds set there."""
    from service.site.calibration.published_thresholds import ThresholdOptions, judge_thresholds, table_lines

    options = ThresholdOptions(bundle=bundle, bank=bank, studies=studies, out=out, device=device)
    with observed() as observer:
        judged = judge_thresholds(options, observer)
    for line in table_lines(judged):
        typer.echo(line)
    print_summary({one.phenotype: one.fields() for one in judged})


def validate(
    *,
    bundle: Bundle,
    bank: Bank,
    studies: Studies,
    reports: Annotated[Path, typer.Option(help="CSV of signed reports: study, patient, and text or labels.")],
    out: Annotated[Path, typer.Option(help="Folder that gets EVAL-site.md, eval-site.json and split.csv.")],
    key_file: KeyFile = None,
    mode: Annotated[
        Literal["rag", "retrieval", "generate"] | None, typer.Option(help="How drafts are written.")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="Language of the signed reports, one of the bundle's; without it its own.")
    ] = None,
    device: Device = "cpu",
) -> None:
    """Measure how far drafts agree with signed reports, with intervals over patients. No name, no text is written."""
    from service.site.validation.validating import validate as run

    options = ValidationOptions(
        bundle=bundle,
        bank=bank,
        studies=studies,
        reports=reports,
        out=out,
        key_file=key_file,
        mode=mode,
        lang=lang,
        device=device,
    )
    with observed() as observer:
        summary = run(options, observer)
    counts = {name: {key: part[key] for key in ("studies", "patients")} for name, part in summary["parts"].items()}
    print_summary({"parts": counts, "kept_out": summary["kept_out"]})


def pseudonym(
    patients: Annotated[list[str], typer.Argument(metavar="MRN", help="Ids of patients as the CSV writes them.")],
    *,
    key_file: Annotated[Path, typer.Option(help="Secret key of the pseudonyms.")],
) -> None:
    """Print the patient_key of each patient, one on a line."""
    from service.site.identity.pseudonyms import read_pseudonyms

    pseudonyms = read_pseudonyms(key_file)
    for patient in patients:
        typer.echo(pseudonyms.of("patient", patient))
