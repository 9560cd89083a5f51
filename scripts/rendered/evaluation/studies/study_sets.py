"""Which studies are embedded: the test set, its shifts, the independent prior, and those that probes learn from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scripts.rendered.phantom.patient.prior import Prior
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS, Acquisition
from scripts.rendered.phantom.scan.looks import HELD_OUT_LOOKS
from scripts.rendered.phantom.scan.study import PlannedClip, plan_study
from scripts.rendered.seed_ranges import purpose_of, seed_for

# Training draws half angles of 36 to 45 degrees, gains of N(0, 5.6) dB, colour from 16 Hz and grey scale from 24 Hz on
# (scripts/rendered/phantom/scan/acquisition.py), depths by sub-view: each shift lies outside.
SHIFTS: Mapping[str, Callable[[Acquisition], Acquisition]] = {
    "looks": lambda acquisition: acquisition,  # chosen when the study is planned
    "sector": lambda acquisition: replace(acquisition, half_angle_deg=0.72 * acquisition.half_angle_deg),
    "depth": lambda acquisition: replace(acquisition, depth_mm=1.25 * acquisition.depth_mm),
    "gain": lambda acquisition: replace(acquisition, gain_db=acquisition.gain_db + 14.0),
    "frame_rate": lambda acquisition: replace(acquisition, frame_rate_hz=12.0),
    "organ_masked": lambda acquisition: acquisition,  # the left ventricle is blanked while rendering
}


MAX_CLIPS = 10  # of a study


@dataclass(frozen=True)
class StudySet:
    """Studies first..first + studies of a seed. variants: further readings of the same clips, see `variants.py`.

    as_files: written as DICOM and MP4 and read by ingest, instead of clips in memory.
    """

    name: str
    seed: int
    prior: Prior
    studies: int
    max_clips: int
    shift: str | None = None
    variants: tuple[str, ...] = ()
    as_files: bool = False

    def planned(self, study: int) -> tuple[PlannedClip, ...]:
        """The clips of a study, at most `max_clips`, shifted where asked."""
        looks = HELD_OUT_LOOKS if self.shift == "looks" else TRAINING_LOOKS
        clips = min(len(plan_study(self.seed, study)), self.max_clips)
        plan = plan_study(self.seed, study, looks=looks, clips=clips)
        if self.shift is None:
            return plan
        return tuple(replace(clip, acquisition=SHIFTS[self.shift](clip.acquisition)) for clip in plan)


@dataclass(frozen=True)
class Protocol:
    """How many studies each part of the evaluation takes. Fixed before the final training; see LOG.md."""

    seed: int
    studies: int
    file_studies: int
    calibration: int
    independent: int
    shifted: int
    max_clips: int = MAX_CLIPS
    min_positives: int = 20

    @classmethod
    def of(cls, seed: int, studies: int, file_studies: int) -> "Protocol":
        """The protocol of a number of test studies: other parts shrink with it."""
        return cls(
            seed=seed,
            studies=studies,
            file_studies=min(file_studies, studies),
            calibration=max(8, round(0.4 * studies)),
            independent=max(4, round(0.3 * studies)),
            shifted=max(3, round(0.06 * studies)),
            min_positives=20 if studies >= 100 else 1,
        )

    def sets(self) -> dict[str, StudySet]:
        """All sets by name."""
        clips = self.max_clips
        main = StudySet("test", self.seed, "clinical", self.studies, clips, variants=("shuffled", "random_encoder"))
        independent = replace(
            main, name="independent", seed=self.seed + 1, prior="independent", studies=self.independent,
            variants=("one_frame", "shuffled"),
        )  # fmt: skip
        probes = calibration_set(self.calibration)
        files = replace(main, name="files", studies=self.file_studies, as_files=True, variants=())
        shifts = [replace(main, name=s, studies=self.shifted, shift=s, variants=()) for s in SHIFTS]
        return {each.name: each for each in (main, files, independent, probes, *shifts)}


def calibration_set(studies: int) -> StudySet:
    """Studies that thresholds, calibration, statistics of clips and probes are learned from."""
    seed = seed_for("calibration", 900)
    return StudySet("calibration", seed, "clinical", studies, MAX_CLIPS, variants=("random_encoder",))


def refuse_seed(seed: int) -> str | None:
    """Why a seed must not be tested on, None where it lies in the range of tests."""
    purpose = purpose_of(seed)
    if purpose == "test" and purpose_of(seed + 2) == "test":
        return None
    return (
        f"seed {seed} belongs to {purpose or 'no purpose'}; tests take 90000..99997 (scripts/rendered/seed_ranges.py)"
    )
