"""Rendered model inputs on disk: one array of pixels, one table of what each clip shows. Written once, read often."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.phantom.scan.study import PlannedClip, planned_clip
from scripts.rendered.phantom.scan.tensors import ClipFactory, ClipRecipe
from scripts.rendered.seed_ranges import seed_for

PIXELS_FILE, ABOUT_FILE, DONE_FILE = "pixels.npy", "about.json", "done.txt"
_AT_ONCE = 128  # clips between two marks of progress
_WINDOWS = 3  # the product reads one of three windows of a clip; training sees them all
_POOR = 0.06  # share of clips of poor quality, as scripts.rendered.phantom.scan.study plans them


@dataclass(frozen=True)
class StoreRecipe:
    """Everything that decides a store's content. The clips_per_study clips of one patient are stored together."""

    purpose: str
    clips: int
    clips_per_study: int = 2
    size: int = 112
    frames: int = 16

    @property
    def seed(self) -> int:
        """The seed of the purpose; its other seeds are free."""
        return seed_for(self.purpose)

    def study(self, clip: int) -> int:
        """The patient of a clip."""
        return clip // self.clips_per_study

    def prior(self, clip: int) -> Prior:
        """Half of the patients have no correlations, so that a network must see each finding itself."""
        return "clinical" if self.study(clip) % 2 == 0 else "independent"

    def planned(self, clip: int) -> PlannedClip:
        """Acquisition of a clip: every view equally often, some of poor quality."""
        rng = np.random.default_rng([self.seed, clip, 9])  # 9: a stream of its own
        view = ECHO_TAXONOMY.views[int(rng.integers(len(ECHO_TAXONOMY.views)))]
        quality = float(rng.uniform(0.02, 0.2)) if rng.random() < _POOR else None
        return planned_clip(self.seed, self.study(clip), clip % self.clips_per_study, view, quality=quality)

    def recipe(self, clip: int) -> ClipRecipe:
        """What is rendered."""
        planned = self.planned(clip)
        state = state_of(self.seed, self.study(clip), self.prior(clip))
        return ClipRecipe(state, planned.acquisition, planned.noise_seed)


@dataclass(frozen=True, eq=False)
class ClipStore:
    """A finished or growing store. pixels: uint8 (N, F, S, S, 3) RGB, memory-mapped; the first `done` are rendered."""

    recipe: StoreRecipe
    pixels: NDArray[np.uint8]
    done: int

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The store of a folder, read-only."""
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
        done = int((folder / DONE_FILE).read_text(encoding="utf-8"))
        return cls(StoreRecipe(**about), np.load(folder / PIXELS_FILE, mmap_mode="r"), done)

    def views(self) -> NDArray[np.int64]:
        """int64 (done,) index of each clip's view in the taxonomy."""
        names = {name: number for number, name in enumerate(ECHO_TAXONOMY.views)}
        return np.array([names[self.recipe.planned(clip).view] for clip in range(self.done)])

    def qualities(self) -> NDArray[np.float64]:
        """float64 (done,) 0 nothing to be seen, 1 textbook."""
        return np.array([self.recipe.planned(clip).quality for clip in range(self.done)])


def render(recipe: StoreRecipe, folder: Path, factory: ClipFactory) -> Iterator[int]:
    """Renders what is missing and yields the number of finished clips now and then; goes on where it was stopped.

    Raises ValueError when the folder holds another recipe's clips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT_FILE
    if about.exists() and json.loads(about.read_text(encoding="utf-8")) != asdict(recipe):
        raise ValueError(f"{about}: holds clips of another recipe than {asdict(recipe)}")
    shape = (recipe.clips, recipe.frames, recipe.size, recipe.size, 3)
    path = folder / PIXELS_FILE
    pixels = open_memmap(path, mode="r+" if path.exists() else "w+", dtype=np.uint8, shape=shape)
    about.write_text(json.dumps(asdict(recipe)) + "\n", encoding="utf-8")
    marked = folder / DONE_FILE
    done = int(marked.read_text(encoding="utf-8")) if marked.exists() else 0
    while done < recipe.clips:
        chunk = range(done, min(done + _AT_ONCE, recipe.clips))
        window = (done // _AT_ONCE) % _WINDOWS
        rows = factory.batch([recipe.recipe(clip) for clip in chunk], recipe.size, recipe.frames, window=window)
        pixels[chunk.start : chunk.stop] = rows
        pixels.flush()
        done = chunk.stop
        marked.write_text(f"{done}\n", encoding="utf-8")
        yield done
