"""A classifier taught on all views alike, told how often each comes in a study: Bayes' rule in its last layer.

Source: Saerens et al. 2002 (Neural Computation 14:21): the posterior of other shares is that of the taught ones, times
the quotient of the shares. A logarithm is added to each logit, so the network stays as it is and as fast.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.scan.study import USUAL_CLIPS


def usual_shares() -> dict[str, float]:
    """View → share of a usual study's clips."""
    clips = {view: count * (1 - missing) for view, (count, missing) in USUAL_CLIPS.items()}
    return {view: count / sum(clips.values()) for view, count in clips.items()}


@torch.no_grad()
def tell_shares(network: nn.Module, taught: Sequence[float]) -> None:
    """Adds to the last layer's bias, in place, what turns the taught shares of views into those of a usual study.

    taught: of each view of the taxonomy, positive.
    """
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    usual = usual_shares()
    wanted = np.array([usual[view] for view in ECHO_TAXONOMY.views])
    change = torch.from_numpy(np.log(wanted) - np.log(np.array(taught)))
    last.bias.add_((change - change.mean()).to(last.bias))
