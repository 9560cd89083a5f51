"""A clip as traced: every chamber in every frame that was read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.beats import Beat, find_beats
from model.echo.tracing.chambers import CHAMBERS
from model.echo.tracing.crop import CropPlace
from model.echo.tracing.outlines import Mask, coarse_piece, fine_labels, fine_mask, outline, soft_area
from model.echo.tracing.ventricle_shape import VentricleShape, ventricle_shape
from model.embeddings import ClipName
from model.measurement import Contour

_SEEN_PIXELS = 15  # of the atrium, in network pixels, to say where the base lies


@dataclass(frozen=True, eq=False, kw_only=True)
class TracedPicture:
    """What of a clip the tracer reads.

    grey: uint8 (T, S, S). frames: their numbers in the file. step_s: seconds from one to the next.
    pixel_cm: of a pixel of the file (square ones), None where it does not say.
    """

    grey: NDArray[np.uint8]
    frames: tuple[int, ...]
    step_s: float
    place: CropPlace
    pixel_cm: float | None = None


@dataclass(frozen=True, eq=False)
class ClipTrace:
    """probabilities: float32 (T, classes, S, S). What is derived from them is computed where it is asked for."""

    name: ClipName
    view: str
    view_probability: float
    picture: TracedPicture
    probabilities: NDArray[np.float32]
    _shapes: dict[int, VentricleShape | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _sizes(self) -> NDArray[np.float64]:
        """(T, chambers, 2): area in network pixels, and mean probability within."""
        rows = [
            [soft_area(frame[1 + place], coarse_piece(frame, name)) for place, name in enumerate(CHAMBERS)]
            for frame in self.probabilities
        ]
        return np.array(rows)

    def area(self, chamber: str) -> NDArray[np.float64]:
        """(T,) in network pixels."""
        return np.asarray(self._sizes[:, CHAMBERS.index(chamber), 0])

    def certainty(self, chamber: str) -> NDArray[np.float64]:
        """(T,) mean probability within the chamber; 0 where it is not seen."""
        return np.asarray(self._sizes[:, CHAMBERS.index(chamber), 1])

    def mask(self, chamber: str, place: int) -> Mask:
        """The fine mask of a chamber in a frame."""
        return fine_mask(self.probabilities[place], chamber)

    def labels(self, place: int) -> NDArray[np.uint8]:
        """The fine labels of a frame."""
        return fine_labels(self.probabilities[place])

    def shape(self, place: int) -> VentricleShape | None:
        """The left ventricle in a frame, None where it is not seen."""
        if place not in self._shapes:
            y, x = np.nonzero(coarse_piece(self.probabilities[place], "la"))
            towards = np.array([x.mean(), y.mean()]) if len(x) > _SEEN_PIXELS else None
            self._shapes[place] = ventricle_shape(self.mask("lv", place), towards)
        return self._shapes[place]

    @cached_property
    def beats(self) -> tuple[Beat, ...]:
        """By the area of the left ventricle."""
        return find_beats(self.area("lv"), self.picture.step_s)

    @cached_property
    def rim(self) -> Mask:
        """Bool (S, S): where the picture ends, or within a pixel and a half of that."""
        shown = (self.picture.grey.max(axis=0) > 0).astype(np.uint8)
        closed = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))  # blood may be black for a while
        return np.asarray(cv2.erode(closed, np.ones((3, 3), np.uint8), borderValue=0) == 0)

    @property
    def pixel_cm(self) -> float | None:
        """Side of a network pixel."""
        own = self.picture.pixel_cm
        return None if own is None else own * self.picture.place.source_pixels

    def contours(self, places: Iterable[int]) -> Iterator[Contour]:
        """The outlines of all chambers in some of the frames."""
        for place in places:
            for chamber in CHAMBERS:
                points = outline(self.mask(chamber, place))
                if len(points) > 2:
                    x_y = self.picture.place.to_source(points).round(1).tolist()
                    source = tuple((float(x), float(y)) for x, y in x_y)
                    yield Contour(self.name, self.picture.frames[place], chamber, source)
