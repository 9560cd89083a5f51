"""Studies' clips as model input on disk, masked and without identity: rendered once, read in every step."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.modality import Modality
from service.modalities.registry import ServedModality
from service.site.bank.networks import prepared_acquisitions
from service.site.fine_tuning.pairs import Pair

_INPUTS, _VIEWS, _NONE = ".inputs.npy", ".views.npy", ".none"


@dataclass(frozen=True)
class ClipFolder:
    """Model inputs of studies, by their place in a list of pairs, so that no file is named like a study.

    inputs: float16 (C, 3, F, S, S) normalised; views: float32 (C, V).
    """

    folder: Path

    def prepare(self, place: int, study: Path, files: ServedModality, modality: Modality, most: int) -> None:
        """Writes a study's clips, at most so many, evenly chosen; does nothing where that was done."""
        if any((self.folder / f"{place}{end}").exists() for end in (_VIEWS, _NONE)):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        clips = prepared_acquisitions(study, files, modality)
        if isinstance(clips, str):
            (self.folder / f"{place}{_NONE}").write_text(clips, encoding="utf-8")
            return
        chosen = [clips[number] for number in np.unique(np.linspace(0, len(clips) - 1, most).round().astype(int))]
        views = modality.encode(chosen).view_probabilities
        inputs = torch.stack([clip.model_input for clip in chosen])
        _save(self.folder / f"{place}{_INPUTS}", inputs.to("cpu", torch.float16).numpy())
        _save(self.folder / f"{place}{_VIEWS}", views.cpu().float().numpy())  # last: with it the study is whole

    def fault(self, place: int) -> str | None:
        """Why a study has no clips, None where it has some."""
        path = self.folder / f"{place}{_NONE}"
        return path.read_text(encoding="utf-8") if path.exists() else None

    def inputs(self, place: int) -> NDArray[np.float16]:
        """The clips of a study, memory-mapped."""
        stored: NDArray[np.float16] = np.load(self.folder / f"{place}{_INPUTS}", mmap_mode="r")
        return stored

    def views(self, place: int) -> torch.Tensor:
        """View probabilities of a study's clips."""
        return torch.from_numpy(np.load(self.folder / f"{place}{_VIEWS}"))


def _save(path: Path, array: NDArray[Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.npy")
    np.save(partial, array)
    partial.replace(path)


def usable(clips: ClipFolder, pairs: Sequence[Pair], *, held_out: bool) -> list[int]:
    """Places of the pairs of one side that have clips."""
    return [place for place, pair in enumerate(pairs) if pair.held_out == held_out and clips.fault(place) is None]
