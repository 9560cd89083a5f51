"""`echoscribe trace`: outlines in every frame of a clip, as a video and a picture, and what was measured."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from model.measurement import Measurement
from service.cli.output import examples, print_table, stderr

TRACE_EXAMPLES = examples(
    "echoscribe trace CLIP --out trace.mp4 --png trace.png", "echoscribe trace CLIP --view A4C --png trace.png"
)


def trace(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="One clip (DICOM, MP4, AVI, MOV).")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Video (MP4) of every frame with its outlines.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Picture of the frames that were measured.")] = None,
    view: Annotated[str | None, typer.Option("--view", help="What it shows, where you know better.")] = None,
    bundle: Annotated[Path | None, typer.Option("--bundle", help="Bundle folder; default: the shipped one.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")] = None,
) -> None:
    """Outline what a clip shows in every frame, and print what was measured. Pictures stay on this machine."""
    from service.cli.traced_files import drawn_clips, write_picture, write_video

    drawn, skipped = drawn_clips(clip, view, _given(bundle=bundle, device=device))
    for left in skipped:
        stderr.print(f"not traced: {left.text} [{left.reason.value}]", style="yellow", markup=False)
    for one in drawn:
        beats = f"{len(one.key_frames) // 2} beats" if one.key_frames else "no beat found"
        stderr.print(f"{one.name}: {len(one.frames)} frames, {beats}", markup=False)
        print_table(_table(one.measurements))
    if drawn and out is not None:
        write_video(drawn, out)
    if drawn and png is not None:
        write_picture(drawn, png)
    if not drawn:
        raise typer.Exit(1)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _table(rows: tuple[Measurement, ...]) -> Table:
    table = Table("measurement", "value", "unit", "interval", "method", "beats", "quality", "stated")
    for row in rows:
        interval = "-" if row.interval is None else f"{row.interval[0]:.3g} to {row.interval[1]:.3g}"
        cells = (row.name, f"{row.value:.3g}", row.unit or "pixels", interval, row.method, str(row.beats))
        table.add_row(*cells, f"{row.quality:.2f}", "yes" if row.stated else f"no: {row.reason}")
    return table
