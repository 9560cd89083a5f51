"""A store that was stopped holds the same bytes as one that was not, and knows whose clips it holds."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from scripts.rendered.phantom.scan.tensors import ClipFactory, input_config, model_input
from scripts.rendered.training import clip_store
from scripts.rendered.training.clip_store import ClipStore, StoreRecipe, render


def test_a_stopped_store_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_store, "_AT_ONCE", 2)
    recipe = StoreRecipe("encoder", 4, size=24, frames=4)
    with ClipFactory(1) as factory:
        assert list(islice(render(recipe, tmp_path, factory), 1)) == [2]
        assert list(render(recipe, tmp_path, factory)) == [4]
        with pytest.raises(ValueError, match="another recipe"):
            next(render(StoreRecipe("mil", 4, size=24, frames=4), tmp_path, factory))
    store = ClipStore.open(tmp_path)
    assert store.done == 4
    assert store.recipe == recipe
    for clip, window in ((1, 0), (3, 1)):
        slow = model_input(recipe.recipe(clip), input_config(24, 4), window)
        np.testing.assert_array_equal(store.pixels[clip], slow)
    assert store.views().shape == store.qualities().shape == (4,)


def test_clips_of_a_study_show_one_patient_and_priors_alternate() -> None:
    recipe = StoreRecipe("encoder", 8)
    assert recipe.recipe(2).state == recipe.recipe(3).state != recipe.recipe(4).state
    assert {recipe.prior(clip) for clip in range(4)} == {"clinical", "independent"}
