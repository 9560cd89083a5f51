"""The arrays of a golden file, and the clips that their names stand for."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from model.study import Clip, SkippedClip
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov"})


class GoldenUnreadable(Exception):
    """A golden file that holds no arrays that can be read without executing anything."""


class ClipNotFound(Exception):
    """No file of that stem is in the folders, or it cannot be read as a clip."""


def arrays_of(golden_file: Path) -> dict[str, NDArray[Any]]:
    """Key → array. Raises GoldenUnreadable."""
    try:
        with np.load(golden_file, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as error:  # AttributeError: a bare .npy
        raise GoldenUnreadable(f"{golden_file.name} cannot be read as arrays ({error})") from error


def clip_of(stem: str, *, video: bool, clip_folders: tuple[Path, ...]) -> Clip:
    """The clip whose file has that stem, in the folders, then among pydicom's own files. Raises ClipNotFound."""
    kind = "video" if video else "DICOM"
    for path in _candidates(clip_folders):
        if path.stem == stem and (path.suffix.lower() in VIDEO_SUFFIXES) == video:
            with open_study([path], IngestLimits()) as study:
                (item,) = study.read()
            if isinstance(item, SkippedClip):
                raise ClipNotFound(f"{path.name} is skipped: {item.text}")
            return item
    raise ClipNotFound(f"no {kind} file named {stem} in the clip folders or among pydicom's own (give --clips DIR)")


def _candidates(clip_folders: tuple[Path, ...]) -> Iterator[Path]:
    """Files to look at, in order. pydicom's are found where they are installed; nothing is imported or downloaded."""
    for folder in (*clip_folders, *_bundled("pydicom", "data"), *_bundled("data_store", "data")):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _bundled(package: str, folder: str) -> tuple[Path, ...]:
    """A folder inside an installed package, where there is one."""
    spec = find_spec(package)
    return tuple(Path(root) / folder for root in (spec.submodule_search_locations or [])) if spec else ()
