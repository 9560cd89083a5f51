"""Whether what is burned in around the sector can reach the networks."""

import torch

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.errors import ClipRejected
from model.study import Clip
from scripts.rendered.checks.bars import Bar, Findings, Row
from scripts.rendered.phantom.anatomy.views import SUBVIEWS_OF_VIEW
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.render import RenderedClip, render_clip
from scripts.rendered.phantom.scan.study import planned_clip


def _model_input(clip: RenderedClip) -> torch.Tensor | str:
    """What the networks would get, or why the clip is refused."""
    stored = Clip(1, "0" * 64, "video", clip.frames_rgb, clip.frame_rate_hz, len(clip.frames_rgb))
    try:
        return prepare_clip(stored, echoscribe_preprocessing(112), torch.device("cpu")).model_input
    except ClipRejected as rejected:
        return rejected.reason.value


def _same(one: torch.Tensor | str, other: torch.Tensor | str) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    return isinstance(one, str) and one == other


def check_burned_in_text(seed: int, clips: int) -> Findings:
    """The same clip under two names: where no text reaches the model, its input is the same, byte for byte."""
    found = Findings()
    views = tuple(SUBVIEWS_OF_VIEW)
    for number in range(clips):
        view = views[number % len(views)]
        plan = planned_clip(seed * 1000 + 904, number, 0, view)
        state = state_of(seed * 1000 + 904, number, "clinical")
        one, other = (
            _model_input(render_clip(state, view, plan.acquisition, plan.noise_seed, identity_seed=number * 10 + name))
            for name in (1, 2)
        )
        row: Row = {
            "clip": number,
            "view": view,
            "look": plan.acquisition.look,
            "quality": plan.quality,
            "same": _same(one, other),
            "rejected": one if isinstance(one, str) else "",
        }
        found.add_rows("burned_in_text", [row])
    rows = found.rows["burned_in_text"]
    known = sum(not row["same"] for row in rows)
    refused = sum(bool(row["rejected"]) for row in rows) / len(rows)
    found.bars.append(Bar.at_most("clips whose model input knows the name on the screen", known, 0))
    found.bars.append(Bar.at_most("share of rendered clips that preprocessing refuses", refused, 0.1))
    return found
