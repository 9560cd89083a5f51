"""How much of an upload is read. One record, checked when it is made; every reader is handed it."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class IngestLimits:
    """Bounds that hold before anything is decoded or allocated. Raises ValueError unless all are positive.

    max_files: files in a study. A long stress study holds about 150 clips, with stills and reports about 400.
    max_file_bytes: bytes of one file, compressed or not, a deflated DICOM also after inflating. One second of native
        colour at 1024×768 and 60 Hz is 142 MB, so a native clip of seven seconds still fits.
    max_study_bytes: bytes of all files together, of a zip both packed and unpacked. Compressed studies are 0.1–1 GB;
        native ones reach a few. Four GiB also keeps temporary disk use predictable.
    max_frame_pixels: rows × columns of a frame. 3840×2160 is the largest capture format in use; ultrasound carts
        store at most 1920×1080.
    max_clip_pixels: rows × columns × frames as the header states them: 2,000 frames of 1920×1080. More is no cine.
    max_frames_stored: pictures that a video may list, an hour at 30 Hz. Tables are counted before they are built.
    max_frames_read: frames decoded per clip, the rest is left unread: 8.5 s at 60 Hz, several heart beats.
    max_pixels_read: pixels decoded per clip, so that a clip in memory stays below 1 GB (3 bytes each) whatever its
        frame size; large frames lower the number of frames that are read, they do not refuse the clip.
    """

    max_files: int = 1000
    max_file_bytes: int = 1 << 30
    max_study_bytes: int = 4 << 30
    max_frame_pixels: int = 3840 * 2160
    max_clip_pixels: int = 2000 * 1920 * 1080
    max_frames_stored: int = 110_000
    max_frames_read: int = 512
    max_pixels_read: int = 320_000_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            if getattr(self, limit.name) < 1:
                raise ValueError(f"{limit.name} must be at least 1, not {getattr(self, limit.name)}")

    def frames_to_read(self, frames: int, frame_pixels: int) -> int:
        """How many of that many frames of that size are decoded; at least one."""
        return max(1, min(frames, self.max_frames_read, self.max_pixels_read // max(1, frame_pixels)))
