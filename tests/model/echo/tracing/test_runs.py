"""Runs cover every frame, and the mean over them does not depend on how many are computed at once."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.echo.networks.tracer_network import TracerNetwork
from model.echo.tracing.runs import run_numbers, standardised, trace_frames


@given(st.integers(1, 60), st.integers(1, 4), st.integers(1, 12))
def test_every_frame_is_in_a_run(frames: int, step: int, hop: int) -> None:
    numbers = run_numbers(frames, step, 4, hop)
    assert set(numbers.flatten().tolist()) == set(range(frames))


def test_a_clip_is_traced_frame_by_frame() -> None:
    torch.manual_seed(0)
    network = TracerNetwork(frames=4, widths=(8, 12, 16)).eval()
    grey = np.random.default_rng(0).integers(0, 255, (16, 32, 32), dtype=np.uint8)
    found = trace_frames(network, grey, step=1, hop=3, dtype=torch.float32, device=torch.device("cpu"))
    assert found.shape == (16, 6, 32, 32)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    with torch.no_grad():
        first = network(standardised(grey)[:4][None]).softmax(dim=2)[0]
        second = network(standardised(grey)[3:7][None]).softmax(dim=2)[0]
    np.testing.assert_allclose(found[:3], first[:3].numpy(), atol=1e-5)
    np.testing.assert_allclose(found[3], (first[3] + second[0]).numpy() / 2, atol=1e-5)


def test_brightness_of_the_export_does_not_matter() -> None:
    grey = np.random.default_rng(1).integers(20, 200, (4, 16, 16), dtype=np.uint8)
    torch.testing.assert_close(standardised(grey), standardised(grey // 2 + 10), atol=0.1, rtol=0.0)


def test_frames_nearer_than_a_run_s_step_calm_each_other() -> None:
    torch.manual_seed(0)
    network = TracerNetwork(frames=4, widths=(8, 12, 16)).eval()
    grey = np.random.default_rng(2).integers(0, 255, (20, 32, 32), dtype=np.uint8)
    found = trace_frames(network, grey, step=2, hop=1, dtype=torch.float32, device=torch.device("cpu"))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    still = np.repeat(grey[:1], 20, axis=0)
    same = trace_frames(network, still, step=2, hop=1, dtype=torch.float32, device=torch.device("cpu"))
    np.testing.assert_allclose(same, same[:1].repeat(20, axis=0), atol=0.3)  # a place in the run may say it otherwise
    raw = trace_frames(network, grey, step=1, hop=1, dtype=torch.float32, device=torch.device("cpu"))
    assert np.abs(np.diff(found, axis=0)).mean() < np.abs(np.diff(raw, axis=0)).mean()


def test_a_clip_shorter_than_a_step_is_traced() -> None:
    network = TracerNetwork(frames=4, widths=(8, 12, 16)).eval()
    grey = np.full((1, 32, 32), 90, np.uint8)
    found = trace_frames(network, grey, step=3, hop=1, dtype=torch.float32, device=torch.device("cpu"))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
