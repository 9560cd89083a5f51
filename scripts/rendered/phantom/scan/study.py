"""Which clips a study holds: views, acquisitions, noise. State, acquisition and noise come from separate streams."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS, Acquisition, draw_acquisition

_ACQUISITION, _NOISE, _PLAN = 1, 2, 3  # third number of a seed; the state's stream has only the first two

# Clips of a view in a complete study, and how often the view is not obtained at all. After the order and number of
# pictures of a transthoracic protocol (Mitchell et al. 2019); windows fail more often from below and above.
USUAL_CLIPS: dict[str, tuple[float, float]] = {
    "Parasternal_Long": (2.2, 0.05),
    "Doppler_Parasternal_Long": (1.6, 0.12),
    "Parasternal_Short": (3.2, 0.08),
    "Doppler_Parasternal_Short": (2.6, 0.15),
    "A4C": (2.2, 0.04),
    "A2C": (1.3, 0.12),
    "A3C": (1.2, 0.18),
    "A5C": (1.1, 0.20),
    "Apical_Doppler": (4.0, 0.06),
    "Subcostal": (2.2, 0.22),
    "SSN": (1.0, 0.45),
}
MIN_CLIPS, MAX_CLIPS = 5, 40
# No other view shows the pulmonary valve, so in a short study the first good colour clip of this view shows that valve.
# The other valves are seen from the apex too. (Complete studies show it in the order of Mitchell et al. 2019.)
_TAKEN_FIRST = {"Doppler_Parasternal_Short": "PSAX_AV_PV"}

Flaw = Literal["none", "poor", "duplicate"]


@dataclass(frozen=True)
class PlannedClip:
    """One clip of a study. `duplicate_of` is the index of the clip it repeats byte for byte."""

    view: str
    acquisition: Acquisition
    noise_seed: int
    flaw: Flaw = "none"
    duplicate_of: int | None = None

    @property
    def quality(self) -> float:
        """0 nothing to be seen, 1 textbook."""
        return self.acquisition.quality


def plan_study(
    seed: int, study: int, *, looks: tuple[str, ...] = TRAINING_LOOKS, clips: int | None = None
) -> tuple[PlannedClip, ...]:
    """The clips of study number `study` of a seed: 5 to 40, one scanner, some views missing, some poor or repeated.

    clips: their number, drawn where None. Raises ValueError outside 1 to 40.
    """
    if clips is not None and not 1 <= clips <= MAX_CLIPS:
        raise ValueError(f"a study has 1 to {MAX_CLIPS} clips, not {clips}")
    rng = np.random.default_rng([seed, study, _PLAN])
    look = str(rng.choice(np.array(looks)))
    wanted = clips if clips is not None else int(np.clip(rng.gamma(4.5, 4.0), MIN_CLIPS, MAX_CLIPS))
    views = _views(rng, wanted)
    planned: list[PlannedClip] = []
    for number, view in enumerate(views):
        if planned and rng.random() < 0.03:
            original = int(rng.integers(0, len(planned)))
            source = planned[original]
            first = original if source.duplicate_of is None else source.duplicate_of
            planned.append(PlannedClip(source.view, source.acquisition, source.noise_seed, "duplicate", first))
            continue
        poor = rng.random() < 0.08
        quality = float(rng.uniform(0.02, 0.2)) if poor else None
        taken = any(clip.view == view and clip.flaw == "none" for clip in planned)
        subview = None if taken else _TAKEN_FIRST.get(view)
        planned.append(planned_clip(seed, study, number, view, looks=(look,), quality=quality, subview=subview))
    return tuple(planned)


def planned_clip(  # noqa: PLR0913 - everything that decides a clip, by name
    seed: int,
    study: int,
    clip: int,
    view: str,
    *,
    looks: tuple[str, ...] = TRAINING_LOOKS,
    quality: float | None = None,
    subview: str | None = None,
) -> PlannedClip:
    """Clip number `clip` of a study as a clip of a view; acquisition and noise have streams of their own."""
    rng = np.random.default_rng([seed, study, _ACQUISITION, clip])
    acquisition = draw_acquisition(rng, view, looks, subview=subview, quality=quality)
    return PlannedClip(view, acquisition, noise_seed_of(seed, study, clip), "none" if quality is None else "poor")


def noise_seed_of(seed: int, study: int, clip: int) -> int:
    """The noise seed of a clip."""
    return int(np.random.default_rng([seed, study, _NOISE, clip]).integers(2**62))


def _views(rng: np.random.Generator, wanted: int) -> list[str]:
    """Views in the order of a protocol."""
    names = tuple(USUAL_CLIPS)
    usual = np.array([USUAL_CLIPS[name][0] for name in names])
    missing = rng.random(len(names)) < np.array([USUAL_CLIPS[name][1] for name in names])
    if missing.all():
        missing[names.index("A4C")] = False
    weights = np.where(missing, 0.0, usual)
    counts = np.zeros(len(names), dtype=int)
    for _ in range(wanted):  # the view that lags most behind its usual share comes next
        lag = np.where(weights > 0, weights / (counts + rng.uniform(0.6, 1.4, len(names))), -1.0)
        counts[int(lag.argmax())] += 1
    return [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
