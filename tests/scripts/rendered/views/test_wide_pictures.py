"""Wide pictures are of the view they are called, and a store that was stopped goes on to the same bytes."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.phantom.scan.tensors import input_config
from scripts.rendered.tracing.shards import render_shards
from scripts.rendered.views.wide_batches import MixedBatches, WideBatches, learnable
from scripts.rendered.views.wide_pictures import (
    FRAMES,
    VIEW_SHARES,
    acquisition_of,
    brightness_of,
    view_of,
    wide_pictures,
)
from scripts.rendered.views.wide_store import WideStore, open_store


def first_of(view: str, seed: int = 3) -> int:
    return next(number for number in range(500) if view_of(seed, number) == view)


def test_every_view_is_drawn_and_no_cut_lies_beyond_its_name() -> None:
    assert set(VIEW_SHARES) == set(ECHO_TAXONOMY.views)
    assert abs(sum(VIEW_SHARES.values()) - 1) < 1e-9
    drawn = [acquisition_of(3, number) for number in range(300)]
    assert max(abs(one.tilt_deg) for one in drawn) <= 4.5
    assert max(abs(one.rotation_deg) for one in drawn) <= 20
    assert max(one.foreshortening_mm for one in drawn) > 15
    assert not {one.look for one in drawn} & set(HELD_OUT_LOOKS)


def test_the_right_heart_is_often_hardly_seen() -> None:
    drawn = [brightness_of(np.random.default_rng(seed)) for seed in range(200)]
    faint = [levels[Tissue.RV_WALL] < -8 for levels in drawn]
    assert 0.15 < np.mean(faint) < 0.5
    assert np.mean([levels[Tissue.LV_WALL] < -8 for levels in drawn]) < 0.05


def test_colour_marks_flow_alone() -> None:
    grey = wide_pictures(3, first_of("A4C"), 48)
    assert grey.rgb.shape == (FRAMES, 48, 48, 3)
    assert np.ptp(grey.rgb, axis=3).max() == 0
    apart = [np.ptp(wide_pictures(seed, first_of("Apical_Doppler", seed), 48).rgb, axis=3) > 0 for seed in range(4)]
    assert 0 < np.mean(apart) < 0.3


def test_a_stopped_store_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.rendered.views.wide_store.SHARD", 2)
    store = WideStore(size=32)
    assert list(islice(render_shards(store, tmp_path, 2), 1)) == [0]
    assert list(render_shards(store, tmp_path, 2)) == [0, 1]
    kept, shards = open_store(tmp_path)
    assert kept == store
    np.testing.assert_array_equal(shards[1][1], wide_pictures(store.seed, 3, 32).rgb)
    with pytest.raises(ValueError, match="another store"):
        next(render_shards(WideStore(size=40), tmp_path, 1))


def test_batches_mix_and_clips_without_flow_are_left_out() -> None:
    pixels = np.full((3, FRAMES, 40, 40, 3), 90, np.uint8)
    pixels[2, :, 10:20, 10:20, 2] = 0
    views = ("A4C", "Apical_Doppler", "Apical_Doppler")
    clips = learnable([pixels], views)
    assert clips.tolist() == [0, 2]
    batches = WideBatches([pixels], views, clips, input_config(32), 6)
    pictures, labels = batches.at(4)
    assert pictures.shape == (6, 3, 32, 32)
    assert {ECHO_TAXONOMY.views[int(label)] for label in labels} <= {"A4C", "Apical_Doppler"}
    assert (batches.at(4)[0] == pictures).all()
    both, names = MixedBatches(batches, batches, 0.5).at(4)
    assert len(both) == len(names) == 12


def test_shares_are_those_of_what_is_learned() -> None:
    pixels, views = np.full((40, FRAMES, 40, 40, 3), 90, np.uint8), ("A4C",) * 30 + ("SSN",) * 10
    batches = WideBatches([pixels], views, learnable([pixels], views), input_config(32), 6)
    shares = dict(zip(ECHO_TAXONOMY.views, batches.shares(), strict=True))
    parts = [shares[view] / shares["A2C"] for view in ("A4C", "SSN")]  # what never comes counts as once
    np.testing.assert_allclose(parts, [30, 10])
    mixed = MixedBatches(batches, WideBatches([pixels], ("SSN",) * 40, batches.clips, input_config(32), 6), 0.25)
    np.testing.assert_allclose(mixed.shares().sum(), 1)
    assert mixed.shares()[ECHO_TAXONOMY.views.index("SSN")] > batches.shares()[ECHO_TAXONOMY.views.index("SSN")]


def test_nothing_to_learn_is_an_error() -> None:
    pixels, views = np.zeros((1, FRAMES, 40, 40, 3), np.uint8), ("Apical_Doppler",)
    with pytest.raises(ValueError, match="no wide clip"):
        WideBatches([pixels], views, learnable([pixels], views), input_config(32), 6)
