"""Whole studies as model input, some at a time: rendered now, or once in advance and kept on disk."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.scan.study import plan_study
from scripts.rendered.phantom.scan.tensors import ClipRecipe
from scripts.rendered.seed_ranges import seed_for

Render = Callable[..., NDArray[np.uint8]]  # as scripts.rendered.phantom.scan.tensors.model_input_batch
ABOUT_FILE = "about.json"
STUDIES_AT_ONCE = 16  # 100 to 400 MB of pixels
_WINDOWS = 3  # the service takes one of three; all are seen alike often
_CROP = 21  # stream of crop and window


@dataclass(frozen=True)
class PlannedInput:
    """One clip of a study as it will be rendered."""

    view: str
    recipe: ClipRecipe
    window: int


@dataclass(frozen=True)
class StudyRecipe:
    """Everything that decides the pixels of a purpose's studies, except which studies are rendered.

    max_clips: of a study, as the evaluation takes. crop_jitter_px: how far the crop may be off on each side, in pixels
    of the model input: the service fits the sector, the renderer knows it.
    """

    purpose: str
    seed_number: int = 0
    prior: Prior = "clinical"
    max_clips: int = 10
    crop_jitter_px: float = 1.5
    size: int = 112
    frames: int = 16

    @cached_property
    def seed(self) -> int:
        """The seed of the patients. Raises ValueError for a purpose that has none."""
        return seed_for(self.purpose, self.seed_number)

    def clips(self, study: int) -> tuple[PlannedInput, ...]:
        """The clips of a study; repeated ones are left out, as ingest leaves them out."""
        state = state_of(self.seed, study, self.prior)
        number_of_clips = min(len(plan_study(self.seed, study)), self.max_clips)
        found = []
        for number, planned in enumerate(plan_study(self.seed, study, clips=number_of_clips)):
            if planned.duplicate_of is None:
                rng = np.random.default_rng([self.seed, study, number, _CROP])
                right, down, wider = (rng.uniform(-1, 1, 3) * self.crop_jitter_px / self.size).tolist()
                recipe = ClipRecipe(state, planned.acquisition, planned.noise_seed, (right, down, wider))
                found.append(PlannedInput(planned.view, recipe, int(rng.integers(_WINDOWS))))
        return tuple(found)


@dataclass(frozen=True, eq=False)
class StudyPixels:
    """Pixels of studies. folder: where they are kept and looked for, None to render whenever they are asked for.

    Raises ValueError when the folder holds another recipe's clips.
    """

    recipe: StudyRecipe
    render: Render
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.folder is not None:
            claim(self.folder, asdict(self.recipe))

    def of(self, studies: range) -> NDArray[np.uint8]:
        """uint8 (N, F, S, S, 3) the clips of some studies in order."""
        if self.folder is None:
            return self._rendered(studies)
        path = self.folder / f"{studies.start}_{studies.stop}.npy"
        if not path.is_file():
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                np.save(file, self._rendered(studies))
            partial.replace(path)
        return np.asarray(np.load(path, mmap_mode="r"))

    def _rendered(self, studies: range) -> NDArray[np.uint8]:
        recipe = self.recipe
        planned = [clip for study in studies for clip in recipe.clips(study)]
        pixels = np.empty((len(planned), recipe.frames, recipe.size, recipe.size, 3), np.uint8)
        for window in range(_WINDOWS):
            rows = [row for row, clip in enumerate(planned) if clip.window == window]
            if rows:
                orders = [planned[row].recipe for row in rows]
                pixels[rows] = self.render(orders, recipe.size, recipe.frames, window=window)
        return pixels


def claim(folder: Path, about: dict[str, object]) -> None:
    """Makes the folder one of `about`. Raises ValueError when it already is one of something else."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ABOUT_FILE
    stated = json.dumps(about)
    if path.exists() and path.read_text(encoding="utf-8").strip() != stated:
        raise ValueError(f"{path}: was made with other settings than {stated}; choose another folder or remove it")
    path.write_text(stated + "\n", encoding="utf-8")


def chunks_of(first: int, studies: int) -> Sequence[range]:
    """Study numbers in parts that are rendered and kept together."""
    end = first + studies
    return [range(start, min(start + STUDIES_AT_ONCE, end)) for start in range(first, end, STUDIES_AT_ONCE)]
