"""The losses of a training as a picture."""

import json
from pathlib import Path

from service.extras import require_extra
from service.site.training.fit import LOG

CURVE = "curve.png"


def draw_curve(folder: Path) -> Path:
    """Writes the curves of a training's log beside it, one panel for each loss. Returns the picture's path.

    Raises ExtraMissing without matplotlib (extra `train`).
    """
    require_extra("train")
    from matplotlib.figure import Figure  # noqa: PLC0415 - nothing else here needs it, and training works without

    lines = [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").splitlines()]
    names = [name for name in lines[-1] if name not in ("step", "seconds", "rate")]
    figure = Figure(figsize=(3.2 * len(names), 2.8), layout="constrained")
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        points = [(line["step"], line[name]) for line in lines if name in line]
        axes.plot(*zip(*points, strict=True), linewidth=0.8)
        axes.set_title(name)
        axes.set_xlabel("step")
    figure.savefig(folder / CURVE, dpi=100)
    return folder / CURVE
