import numpy as np
import pytest
import torch

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.errors import ClipRejected
from model.study import Clip
from scripts.rendered.evaluation.studies.rendering import clip_in_memory
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.phantom.scan.tensors import ClipRecipe, model_input

CONFIG = echoscribe_preprocessing(112)
CPU = torch.device("cpu")
STATE = state_of(90_001, 0, "clinical")
PLAN = planned_clip(90_001, 0, 0, "A4C", quality=0.9)


def rendered(*, masked: bool = False) -> Clip:
    return clip_in_memory(STATE, PLAN, 1, "x", CONFIG, masked=masked)


def test_the_clip_gives_the_model_input_that_training_renders() -> None:
    """Slow way (screen, sector search, crop) against the fast one that training uses."""
    found = prepare_clip(rendered(), CONFIG, CPU).model_input  # (3, F, S, S)
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (CONFIG.mean, CONFIG.std))
    pixels = (found * std + mean).permute(1, 2, 3, 0).numpy()
    wanted = model_input(ClipRecipe(STATE, PLAN.acquisition, PLAN.noise_seed), CONFIG)
    assert np.abs(pixels - wanted).mean() < 5.0  # grey levels


def test_a_masked_ventricle_is_dark() -> None:
    whole, blanked = (rendered(masked=masked).frames_rgb for masked in (False, True))
    assert blanked.shape == whole.shape
    assert blanked.astype(int).sum() < 0.9 * whole.astype(int).sum()


def test_the_clip_is_refused_like_any_other() -> None:
    clip = rendered()
    still = Clip(1, "x", "video", np.repeat(clip.frames_rgb[:1], 16, axis=0), 15.0, 16)
    with pytest.raises(ClipRejected):
        prepare_clip(still, CONFIG, CPU)
