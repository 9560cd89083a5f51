"""How clips become model input: every number of it, stored in `bundle.json` because it belongs to the weights."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Quality(BaseModel):
    """What a window must show to be used. Scores are those of `model.echo.preprocessing.windows`, in grey levels.

    Source: LOG 2026-11-22, scores of real cines, rendered sectors and seven kinds of noise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_contact: float = Field(2.5, ge=0, description="Structure that persists between sampled frames.")
    min_coherence: float = Field(0.5, ge=0, le=1, description="Share of the structure that persists; noise has none.")
    min_motion: float = Field(0.4, ge=0, description="Change that grows with the time between frames.")
    good_motion: float = Field(2.0, gt=0, description="More motion than this does not make a window better.")


class EchoPreprocessing(BaseModel):
    """Parameters of one preprocessing profile; `echoprime` is the published one, `echoscribe` the corrected one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Literal["echoprime", "echoscribe"]
    image_size: int = Field(224, ge=16, le=1024)
    frames: int = Field(16, ge=1, le=256)
    stride: int = Field(2, ge=1, description="Source frames between sampled frames at the target frame rate.")
    min_frames: int = Field(1, ge=1, description="Shorter clips are skipped.")
    target_frame_rate_hz: float | None = Field(None, gt=0, description="None: the stride counts source frames.")
    mask: Literal["hull", "fan"]
    mask_frames: Literal["all", "sampled"] = Field(
        "all", description="Frames the hull is found in; `sampled`: the model's and the last, no others are decoded."
    )
    masked_sources: tuple[Literal["dicom", "video"], ...]
    crop: Literal["centre", "sector"]
    crop_fraction: float = Field(0.1, ge=0, lt=0.5, description="Cut off on each side after cropping to a square.")
    antialias: bool = False
    dicom_colour_order: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    padding: Literal["zeros_after_normalising", "last_frame"]
    windows: Literal[1, 3] = 1
    view_frames: Literal[1, 3] = 1
    view_choice: Literal["spread", "colour"] = Field("spread", description="Which frames, where there are three.")
    quality: Quality | None = None

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        if min(self.std) <= 0:
            raise ValueError(f"std must be positive, not {self.std}")
        if self.view_frames > self.frames:
            raise ValueError(f"view_frames {self.view_frames} exceeds frames {self.frames}")
        return self


# Source: EchoPrime's public code, as stated in design section 6.
_MEAN = (29.110628, 28.076836, 29.096405)
_STD = (47.989223, 46.456997, 47.20083)

ECHOPRIME = EchoPreprocessing(
    profile="echoprime",
    mask="hull",
    mask_frames="sampled",  # LOG 2026-11-22: IoU with the hull of all frames, and what is no longer decoded
    masked_sources=("dicom",),
    crop="centre",
    dicom_colour_order="bgr",
    mean=_MEAN,
    std=_STD,
    padding="zeros_after_normalising",
)


def echoscribe_preprocessing(image_size: int = 224) -> EchoPreprocessing:
    """The corrected profile at an image size.

    It masks both sources, keeps RGB, covers the same seconds whatever the frame rate, takes the best of three windows
    and three frames for the view. Short clips hold their last frame: a black frame would say that the probe was
    lifted, and a jump back to the first frame is a motion that never happened.
    """
    return EchoPreprocessing(
        profile="echoscribe",
        image_size=image_size,
        min_frames=8,  # a quarter of a second at 30 Hz: less shows no motion of a heart
        target_frame_rate_hz=30.0,  # with stride 2, 16 frames cover 1.07 s as in EchoPrime's own (30 Hz) clips
        mask="fan",
        masked_sources=("dicom", "video"),
        crop="sector",
        crop_fraction=0.0,
        antialias=True,
        mean=_MEAN,
        std=_STD,
        padding="last_frame",
        windows=3,
        view_frames=3,
        view_choice="colour",
        quality=Quality(),
    )
