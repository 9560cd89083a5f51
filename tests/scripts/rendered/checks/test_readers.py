from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.rendered.checks.balanced import BINARY, balanced_states
from scripts.rendered.checks.bars import Bar, Findings, write_rows
from scripts.rendered.checks.interventions import HIDDEN_IN, SEEN_IN
from scripts.rendered.checks.small_cnn import Training, network_input, predict, train
from scripts.rendered.checks.statistics import LinearReader, clip_statistics
from scripts.rendered.phantom.patient.labels import labels_of
from service.site.metrics.auroc import auroc


def test_balanced_states_have_every_phenotype_in_half_and_none_tied() -> None:
    states, labels = balanced_states(5, 200)
    truth = np.array([[labels_of(state)[name] > 0.5 for name in BINARY] for state in states])
    np.testing.assert_array_equal(truth, labels)
    assert (labels.sum(axis=0) == 100).all()
    correlation = np.corrcoef(labels.T.astype(float)) - np.eye(len(BINARY))
    assert np.abs(correlation).max() < 0.3  # 200 rows: five standard errors are 0.35
    assert balanced_states(5, 200)[0] == states


def test_every_binary_phenotype_is_looked_for_and_hidden_somewhere() -> None:
    assert set(SEEN_IN) == set(BINARY)
    assert len(BINARY) == 23
    for subview, names in HIDDEN_IN.items():
        assert set(names) < set(BINARY)
        assert not [name for name in names if SEEN_IN[name] == subview]


def moving_squares(count: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Clips of noise with a square of equal size left or right: statistics are blind to it."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 60, (count, 3, 24, 24, 3)).astype(np.uint8)
    side = np.arange(count) % 2
    for clip, right in zip(pixels, side, strict=True):
        start = 14 if right else 4
        clip[:, 8:16, start : start + 6] += 90
    return pixels, side[:, None].astype(float)


def test_a_network_sees_place_and_statistics_do_not() -> None:
    pixels, side = moving_squares(160)
    positive = side[120:, 0] > 0.5
    inputs = network_input(pixels, colour=False)
    assert inputs.shape == (160, 5, 24, 24)
    assert network_input(pixels, colour=True).shape == (160, 15, 24, 24)
    model = train(inputs[:120], side[:120], Training(epochs=6, batch=24, width=6))
    assert auroc(positive, predict(model, inputs[120:])[:, 0]) > 0.95
    features = clip_statistics(pixels)
    assert features.shape == (160, 102)
    reader = LinearReader.fit(features[:120], side[:120])
    assert abs(auroc(positive, reader.scores(features[120:])[:, 0]) - 0.5) < 0.3


def test_statistics_see_brightness() -> None:
    rng = np.random.default_rng(4)
    bright = np.arange(100) % 2
    pixels = (rng.integers(0, 80, (100, 2, 16, 16, 3)) + 30 * bright[:, None, None, None, None]).astype(np.uint8)
    features = clip_statistics(pixels)
    reader = LinearReader.fit(features[:60], bright[:60, None].astype(float))
    assert auroc(bright[60:] > 0, reader.scores(features[60:])[:, 0]) > 0.98


def test_training_is_reproducible() -> None:
    pixels, side = moving_squares(48)
    inputs = network_input(pixels, colour=False)
    settings = Training(epochs=1, batch=16, width=4)
    first, second = (predict(train(inputs, side, settings), inputs) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert isinstance(inputs, torch.Tensor)


def test_rows_are_written_as_tables(tmp_path: Path) -> None:
    found = Findings(bars=[Bar.at_least("a", 1.0, 0.5), Bar.at_most("b", 1.0, 0.5)])
    found.add_rows("table", [{"x": 1, "y": "two"}])
    assert [bar.ok for bar in found.bars] == [True, False]
    assert write_rows(tmp_path, [found, found]) == ["table.parquet"]
