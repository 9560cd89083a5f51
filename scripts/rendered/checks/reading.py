"""Whether ejection fraction can be read from pixels, needs motion, and views can be guessed without looking."""

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.checks.bars import Bar, Findings
from scripts.rendered.checks.interventions import FRAMES, SIZE
from scripts.rendered.checks.small_cnn import Training, network_input, predict, train
from scripts.rendered.checks.statistics import LinearReader, clip_statistics
from scripts.rendered.phantom.anatomy.views import SUBVIEWS_OF_VIEW
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.phantom.scan.tensors import ClipFactory, ClipRecipe

_SINGLE_FRAME_LOSS = 0.15  # "clearly worse": correlation lost when the network sees one frame only


def _a4c(seed: int, count: int, factory: ClipFactory) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A4C clips of the independent prior, where EF says nothing of size: (pixels, EF in %)."""
    states = [state_of(seed, number, "independent") for number in range(count)]
    plans = [planned_clip(seed, number, 0, "A4C") for number in range(count)]
    recipes = [ClipRecipe(s, p.acquisition, p.noise_seed) for s, p in zip(states, plans, strict=True)]
    ejection = np.array([state.ejection_fraction_percent for state in states])
    return factory.batch(recipes, SIZE, FRAMES), ejection


def check_ejection_fraction(seed: int, training: int, test: int, factory: ClipFactory) -> Findings:
    """A small CNN on eight frames against the same network on one."""
    found = Findings()
    learn, learn_ef = _a4c(seed * 1000 + 901, training, factory)
    unseen, unseen_ef = _a4c(seed * 1000 + 902, test, factory)
    centre, scale = learn_ef.mean(), learn_ef.std()
    wanted = ((learn_ef - centre) / scale)[:, None]
    correlation = {}
    for name, frames in (("clip", slice(None)), ("single frame", slice(0, 1))):
        inputs = network_input(learn[:, frames], colour=False)
        model = train(inputs, wanted, Training(epochs=24), regression=True)
        read = predict(model, network_input(unseen[:, frames], colour=False))[:, 0] * scale + centre
        correlation[name] = float(np.corrcoef(read, unseen_ef)[0, 1])
        found.add_rows(
            "ejection_fraction",
            [
                {"input": name, "clip": number, "truth": float(truth), "read": float(value)}
                for number, (truth, value) in enumerate(zip(unseen_ef, read, strict=True))
            ],
        )
    found.bars.append(Bar.at_least("EF read by a small CNN from A4C clips, r", correlation["clip"], 0.9))
    lost = correlation["clip"] - correlation["single frame"]
    found.bars.append(Bar.at_least("EF: r lost when one frame is shown", lost, _SINGLE_FRAME_LOSS))
    return found


def check_view_statistics(seed: int, per_view: int, factory: ClipFactory) -> Findings:
    """The view from global statistics alone, clinical prior, trained on one half and tested on the other."""
    found = Findings()
    views = tuple(SUBVIEWS_OF_VIEW)
    recipes, truth = [], []
    for number in range(per_view * len(views)):
        view = views[number % len(views)]
        plan = planned_clip(seed * 1000 + 903, number, 0, view)
        recipes.append(ClipRecipe(state_of(seed * 1000 + 903, number, "clinical"), plan.acquisition, plan.noise_seed))
        truth.append(number % len(views))
    statistics, target = clip_statistics(factory.batch(recipes, SIZE, FRAMES)), np.array(truth)
    half = len(target) // 2
    reader = LinearReader.fit(statistics[:half], np.eye(len(views))[target[:half]])
    guessed = reader.scores(statistics[half:]).argmax(axis=1)
    top_1 = float((guessed == target[half:]).mean())
    found.add_rows(
        "view_statistics",
        [{"truth": views[t], "guessed": views[g]} for t, g in zip(target[half:], guessed, strict=True)],
    )
    found.bars.append(Bar.at_most("view from global statistics, top-1", top_1, 0.45))
    return found
