"""A small network must find what a view shows. Nothing may find what the view cannot show.

For every sub-view a training and a test set of the independent prior are rendered, each phenotype positive in half of
the clips and tied to no other. Two readers learn the phenotypes asked of that sub-view: global statistics with
logistic regression, and a small CNN. Where a phenotype cannot be seen, both must be at chance (Holm over all).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.checks.balanced import BINARY, balanced_states
from scripts.rendered.checks.bars import Bar, Findings, Row
from scripts.rendered.checks.ranking import chance_p_value, holm
from scripts.rendered.checks.small_cnn import Training, network_input, predict, train
from scripts.rendered.checks.statistics import LinearReader, clip_statistics
from scripts.rendered.phantom.anatomy.views import SUBVIEWS
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.phantom.scan.tensors import ClipFactory, ClipRecipe
from service.site.metrics.auroc import auroc

SIZE, FRAMES = 72, 8
MARGIN = 0.15
NEEDED = 17
MIN_PER_CLASS = 150

# Where each phenotype is looked for: the sub-view a sonographer would choose.
SEEN_IN: dict[str, str] = {
    "impella": "A4C",
    "wall_motion_hypokinesis": "PSAX_PM",
    "pacemaker": "A4C",
    "rv_systolic_function_depressed": "A4C",
    "right_ventricle_dilation": "A4C",
    "left_atrium_dilation": "PSAX_AV",
    "right_atrium_dilation": "SUB_IVC",
    "atrial_septum_hypertrophy": "A4C",
    "mitraclip": "A4C",
    "mitral_annular_calcification": "PLAX",
    "mitral_stenosis": "A4C",
    "mitral_regurgitation": "A4C_MV",
    "tavr": "PLAX",
    "bicuspid_aov_morphology": "PSAX_AV",
    "aortic_stenosis": "PSAX_AV",
    "aortic_regurgitation": "A5C_AV",
    "tricuspid_stenosis": "A4C",
    "tricuspid_valve_regurgitation": "A4C_TV",
    "pulmonic_valve_regurgitation": "PSAX_AV_PV",
    "pericardial_effusion": "PLAX",
    "aortic_root_dilation": "PLAX",
    "dilated_ivc": "SUB_IVC",
    "elevated_left_atrial_pressure": "A4C",
}

_NOT_LEFT_HEART = ("impella", "wall_motion_hypokinesis", "left_atrium_dilation", "mitraclip", "mitral_stenosis")
_WITHOUT_COLOUR = (
    "mitral_regurgitation",
    "aortic_regurgitation",
    "tricuspid_valve_regurgitation",
    "pulmonic_valve_regurgitation",
)
# Phenotypes whose structure cannot be in the cut, whatever the state. Left atrial pressure is never among them: it
# changes the timing of filling, which every moving part shows.
HIDDEN_IN: dict[str, tuple[str, ...]] = {
    "SSN": tuple(name for name in BINARY if name != "elevated_left_atrial_pressure"),
    "A2C": (
        "pacemaker",
        "right_ventricle_dilation",
        "rv_systolic_function_depressed",
        "right_atrium_dilation",
        "atrial_septum_hypertrophy",
        "tavr",
        "bicuspid_aov_morphology",
        "aortic_stenosis",
        "tricuspid_stenosis",
        "aortic_root_dilation",
        "dilated_ivc",
        *_WITHOUT_COLOUR,
    ),
    "SUB_IVC": (
        *_NOT_LEFT_HEART,
        "mitral_annular_calcification",
        "tavr",
        "bicuspid_aov_morphology",
        "aortic_stenosis",
        "aortic_root_dilation",
        "atrial_septum_hypertrophy",
        "pericardial_effusion",
        *_WITHOUT_COLOUR,
    ),
}


@dataclass(frozen=True)
class Sizes:
    """How many clips each set has."""

    training: int = 2400
    test: int = 600

    def __post_init__(self) -> None:
        if self.test < 2 * MIN_PER_CLASS:
            raise ValueError(f"a test set needs {2 * MIN_PER_CLASS} clips, not {self.test}")


@dataclass(frozen=True, eq=False)
class Readings:
    """Scores of both readers on the test set of a sub-view.

    positive, statistics, network: (N, 23); the network's are NaN where it was not asked.
    """

    subview: str
    positive: NDArray[np.bool_]
    statistics: NDArray[np.float64]
    network: NDArray[np.float64]


def clip_set(
    seed: int, count: int, subview: str, factory: ClipFactory, size: int = SIZE
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(pixels uint8 (N, 8, S, S, 3), labels (N, 23)) of one sub-view with drawn acquisitions."""
    states, labels = balanced_states(seed, count)
    view = SUBVIEWS[subview].view
    plans = [planned_clip(seed, number, 0, view, subview=subview) for number in range(count)]
    recipes = [ClipRecipe(state, plan.acquisition, plan.noise_seed) for state, plan in zip(states, plans, strict=True)]
    return factory.batch(recipes, size, FRAMES), labels


def read_subview(seed: int, subview: str, sizes: Sizes, factory: ClipFactory, training: Training) -> Readings:
    """Renders both sets of a sub-view and lets both readers learn and be tested."""
    number = sorted(SUBVIEWS).index(subview)
    learn, learn_labels = clip_set(seed * 1000 + number, sizes.training, subview, factory)
    test, test_labels = clip_set(seed * 1000 + 500 + number, sizes.test, subview, factory)
    reader = LinearReader.fit(clip_statistics(learn), learn_labels.astype(float))
    colour, asked = bool(SUBVIEWS[subview].colour), _asked(subview)
    model = train(network_input(learn, colour=colour), learn_labels[:, asked].astype(float), training)
    network = np.full(test_labels.shape, np.nan)
    network[:, asked] = predict(model, network_input(test, colour=colour))
    return Readings(subview, test_labels, reader.scores(clip_statistics(test)), network)


def _asked(subview: str) -> list[int]:
    """Columns of the phenotypes that a sub-view is tested for; its network learns these alone."""
    hidden = HIDDEN_IN.get(subview, ())
    return [column for column, name in enumerate(BINARY) if SEEN_IN[name] == subview or name in hidden]


def check_interventions(
    seed: int, sizes: Sizes, factory: ClipFactory, exceptions: dict[str, str], training: Training | None = None
) -> Findings:
    """Bars of seeing what is shown and of not seeing what is not."""
    found = Findings()
    needed = sorted(set(SEEN_IN.values()) | set(HIDDEN_IN))
    readings = {name: read_subview(seed, name, sizes, factory, training or Training()) for name in needed}
    for reading in readings.values():
        found.add_rows("clips", _clip_rows(reading))
    _seen(found, readings, exceptions)
    _hidden(found, readings, seed)
    return found


def _seen(found: Findings, readings: dict[str, Readings], exceptions: dict[str, str]) -> None:
    better = 0
    for column, name in enumerate(BINARY):
        reading = readings[SEEN_IN[name]]
        positive = reading.positive[:, column]
        assert min(positive.sum(), (~positive).sum()) >= MIN_PER_CLASS
        statistics, network = (auroc(positive, scores[:, column]) for scores in (reading.statistics, reading.network))
        wins = network - statistics >= MARGIN
        better += wins
        found.add_rows(
            "shown",
            [
                {
                    "phenotype": name,
                    "subview": reading.subview,
                    "statistics_auroc": statistics,
                    "network_auroc": network,
                    "beats_by_margin": wins,
                    "exception": exceptions.get(name, ""),
                }
            ],
        )
    found.bars.append(Bar.at_least("phenotypes where the CNN beats statistics by 0.15", better, NEEDED))


def below_margin(found: Findings) -> list[str]:
    """Names of the phenotypes, exceptions or not, where the network does not beat statistics by the margin."""
    return [str(row["phenotype"]) for row in found.rows.get("shown", []) if not row["beats_by_margin"]]


def _hidden(found: Findings, readings: dict[str, Readings], seed: int) -> None:
    rows: list[dict[str, str | float]] = []
    for subview, names in HIDDEN_IN.items():
        reading = readings[subview]
        for name in names:
            column = BINARY.index(name)
            positive = reading.positive[:, column]
            for reader, scores in (("statistics", reading.statistics), ("network", reading.network)):
                p_value = chance_p_value(scores[:, column], positive, seed)
                rows.append(
                    {
                        "phenotype": name,
                        "subview": subview,
                        "reader": reader,
                        "auroc": auroc(positive, scores[:, column]),
                        "p": p_value,
                    }
                )
    adjusted = holm(np.array([float(row["p"]) for row in rows]))
    for row, value in zip(rows, adjusted, strict=True):
        row["p_holm"] = float(value)
    found.add_rows("hidden", rows)
    found.bars.append(
        Bar.at_least(f"smallest Holm p of {len(rows)} tests where a view cannot show", float(adjusted.min()), 0.05)
    )


def _clip_rows(reading: Readings) -> list[Row]:
    return [
        {
            "subview": reading.subview,
            "clip": clip,
            "phenotype": name,
            "positive": bool(reading.positive[clip, column]),
            "statistics_score": float(reading.statistics[clip, column]),
            "network_score": float(reading.network[clip, column]),
        }
        for clip in range(len(reading.positive))
        for column, name in ((column, BINARY[column]) for column in _asked(reading.subview))
    ]
