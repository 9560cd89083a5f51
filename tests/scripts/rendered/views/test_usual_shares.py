"""Told shares turn a classifier's probabilities by Bayes' rule, and taught shares that are usual change nothing."""

import numpy as np
import torch
from torch import nn

from model.echo.networks.residual import ResidualClassifier
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.views.usual_shares import tell_shares, usual_shares

VIEWS = ECHO_TAXONOMY.views


def test_probabilities_follow_bayes() -> None:
    torch.manual_seed(0)
    network = ResidualClassifier([8, 8], len(VIEWS)).eval()
    pictures = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        before = network(pictures).softmax(1).numpy()
        tell_shares(network, [1 / len(VIEWS)] * len(VIEWS))
        after = network(pictures).softmax(1).numpy()
    usual = np.array([usual_shares()[view] for view in VIEWS])
    np.testing.assert_allclose(after, before * usual / (before * usual).sum(1, keepdims=True), rtol=1e-4)
    assert usual[VIEWS.index("A4C")] > 2 * usual[VIEWS.index("A5C")]


def test_usual_shares_change_nothing() -> None:
    network = ResidualClassifier([8, 8], len(VIEWS)).eval()
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    bias = last.bias.clone()
    tell_shares(network, [usual_shares()[view] for view in VIEWS])
    torch.testing.assert_close(last.bias, bias)
