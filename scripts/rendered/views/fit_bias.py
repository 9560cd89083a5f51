"""Fits the last layer's bias of a trained view classifier to clips as the service reads them; nothing else is taught.

    python -m scripts.rendered.views.fit_bias --views FOLDER --studies 24

Training shows single pictures, in shares of its own, and clips of colour views in which hardly anything flows. The
service reads the three pictures of a whole clip with most colour, and studies hold views in other shares. One number
for each view makes up for that (vector scaling without a scale, Guo et al. 2017). The studies are rendered, of a
`tuning` seed. FOLDER is one that `python -m scripts.rendered.train_views` wrote; its weights are replaced. The last
line is JSON: clips, and their mean negative log likelihood before and after.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from model.checkpoint import load_weights, save_weights
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.preprocessing.preprocess import normalise
from model.echo.preprocessing.view_frames import view_frames
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.scan.tensors import ClipFactory, input_config
from scripts.rendered.training.study_clips import StudyPixels, StudyRecipe
from scripts.rendered.training.study_encoding import NETWORK_FILE

_SEED = 3  # of the range `tuning`
_RIDGE = 3e-3  # keeps views that hardly come where they were: a hundredth of a clip's likelihood at a bias of 1.8


def fitted_bias(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """float32 (V,) with mean 0: what is to be added to the logits. logits: (N, F, V) by picture. truth: int64 (N,)."""
    bias = torch.zeros(logits.shape[-1], requires_grad=True)
    optimizer = torch.optim.LBFGS([bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = negative_log_likelihood(logits + bias, truth) + _RIDGE * bias.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # as above
    return (bias - bias.mean()).detach()


def negative_log_likelihood(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean over clips, whose probabilities are the mean over their pictures, as the service takes them."""
    probable = logits.softmax(dim=2).mean(dim=1)
    return -probable[torch.arange(len(truth)), truth].clamp_min(1e-6).log().mean()


@torch.no_grad()
def study_logits(network: nn.Module, studies: int, workers: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, F, V) logits and int64 (N,) views of the clips of some rendered studies."""
    recipe, config = StudyRecipe("tuning", _SEED), input_config(112)
    rows, truth = [], []
    with ClipFactory(workers) as factory:
        pixels = StudyPixels(recipe, factory.batch)
        for study in range(studies):
            clips = pixels.of(range(study, study + 1))
            truth += [ECHO_TAXONOMY.views.index(clip.view) for clip in recipe.clips(study)]
            for clip in clips:
                shown = normalise(torch.from_numpy(np.array(clip)).permute(3, 0, 1, 2), config)
                rows.append(network(shown[:, view_frames(shown, config)].transpose(0, 1)))
    return torch.stack(rows), torch.tensor(truth)


def fit(folder: Path, studies: int, workers: int) -> dict[str, float]:
    """Replaces the weights in a folder. Returns the number of clips and their likelihood before and after."""
    config = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    network = build_view_classifier(config, ECHO_TAXONOMY.views)
    load_weights(network, folder / config["file"])
    logits, truth = study_logits(network, studies, workers)
    bias = fitted_bias(logits, truth)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        last.bias.add_(bias)
    save_weights(network, folder / config["file"])
    before, after = (float(negative_log_likelihood(each, truth)) for each in (logits, logits + bias))
    return {"clips": len(truth), "nll_before": round(before, 4), "nll_after": round(after, 4)}


def main(words: list[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=24)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(words)
    torch.set_num_threads(1)
    print(json.dumps(fit(options.views, options.studies, options.workers)))


if __name__ == "__main__":
    main()
