"""How much of an upload is read. One record, checked when it is made; every reader is handed it."""

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class DecoderLimits:
    """What the process that reads a file may use; beyond it the file is skipped. Raises ValueError unless positive.

    memory_bytes: of its own, beside the frames that it hands over (`max_pixels_read` bounds those).
    file_cpu_seconds, file_seconds: of processors and on the clock, for one file. 48 frames of JPEG 2000, the slowest
        clip of the benchmark, take 0.93 of the first (docs/performance.md).
    study_cpu_seconds, study_seconds: summed over the files of a study. Twelve clips take 1.75 of the first (same page),
        so a stress study of 400 files would take about 60.
    """

    memory_bytes: int = 1 << 30
    file_cpu_seconds: float = 30.0
    file_seconds: float = 60.0
    study_cpu_seconds: float = 600.0
    study_seconds: float = 900.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            if not getattr(self, limit.name) > 0:
                raise ValueError(f"{limit.name} must be more than 0, not {getattr(self, limit.name)}")


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
    decoders: what the processes may use that read the files; None: files are read in this process, without such limits.
    """

    max_files: int = 1000
    max_file_bytes: int = 1 << 30
    max_study_bytes: int = 4 << 30
    max_frame_pixels: int = 3840 * 2160
    max_clip_pixels: int = 2000 * 1920 * 1080
    max_frames_stored: int = 110_000
    max_frames_read: int = 512
    max_pixels_read: int = 320_000_000
    decoders: DecoderLimits | None = field(default_factory=DecoderLimits)

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{limit.name} must be at least 1, not {value}")

    def frames_to_read(self, frames: int, frame_pixels: int) -> int:
        """How many of that many frames of that size are decoded; at least one."""
        return max(1, min(frames, self.max_frames_read, self.max_pixels_read // max(1, frame_pixels)))
