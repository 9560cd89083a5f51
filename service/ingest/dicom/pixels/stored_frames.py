"""What native and compressed pixel data have in common: numbered frames whose stored values can be asked for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from model.errors import ClipRejected
from service.ingest.dicom.header import PixelFormat
from service.ingest.dicom.pixels.colour import Stored

TakeStored = Callable[[int, Stored, str], None]  # (row, values, colour model)
ReportFailure = Callable[[int, ClipRejected], None]  # (row, why)


class StoredFrames(ABC):
    """The frames of one file, as they are stored.

    pixels: how they are stored, which may differ from what the header says. count: how many could be read.
    lost: how many more there should be, of which nothing is left. model: the colour model of the samples.
    """

    model: str

    def __init__(self, pixels: PixelFormat, count: int, lost: int = 0) -> None:
        self.pixels, self.count, self.lost = pixels, count, lost

    def is_damaged(self, _: int) -> bool:
        """Whether a frame that was decoded is damaged all the same, as far as a second look tells; slow."""
        return False

    @abstractmethod
    def read(self, numbers: Sequence[int], take: TakeStored, failed: ReportFailure) -> None:
        """Hands on the values of those frames, perhaps side by side in threads, or says why one cannot be had."""
