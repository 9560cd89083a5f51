"""A fitted bias undoes a shift of the logits, and the weights in a folder are replaced by better ones."""

import json
from pathlib import Path

import pytest
import torch

from model.checkpoint import save_weights
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.views import fit_bias
from scripts.rendered.views.fit_bias import fit, fitted_bias, negative_log_likelihood

VIEWS = len(ECHO_TAXONOMY.views)
FILE = "view_classifier.safetensors"
CONFIG = {"architecture": "residual", "widths": [8, 8], "file": FILE}


def test_a_shift_is_undone() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 1, VIEWS, generator=generator)
    truth = torch.multinomial(logits[:, 0].softmax(1), 1, generator=generator).flatten()
    shift = torch.linspace(-1, 1, VIEWS)
    found = fitted_bias(logits + shift, truth)
    torch.testing.assert_close(found, -shift, atol=0.25, rtol=0)
    before, after = (negative_log_likelihood(each, truth) for each in (logits + shift, logits + shift + found))
    assert after < before - 0.1


def test_the_weights_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_view_classifier(CONFIG, ECHO_TAXONOMY.views)
    save_weights(network, tmp_path / FILE)
    (tmp_path / "network.json").write_text(json.dumps(CONFIG))
    given = torch.randn(50, 3, VIEWS), torch.full((50,), 2)
    monkeypatch.setattr(fit_bias, "study_logits", lambda *_: given)
    before = (tmp_path / FILE).read_bytes()
    result = fit(tmp_path, 1, 1)
    assert result["nll_after"] < result["nll_before"]
    assert (tmp_path / FILE).read_bytes() != before
