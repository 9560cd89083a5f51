"""Which arithmetic the networks run in: the faster one where its answers were found equal on this machine.

What was found is kept in the user's cache folder, by bundle, machine and torch; `service.arithmetic_check` finds it.
"""

import contextlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import torch

from model.bundle import MANIFEST
from model.device import Placement, choose_placement, multiplies_bfloat16
from service.settings import Settings

CHECKED: Final = "checked"
# What counts as equal: as issue and README state it. One of fifty neighbours is 0.02 of a vote.
MOST_OF_A_VOTE, LEAST_OVERLAP = 0.02, 0.98
# Less than a tenth faster is within what a machine varies by from hour to hour (docs/performance.md).
LEAST_GAIN = 1.1
SMALL_NETWORK_BYTES: Final = 32 << 20


@dataclass(frozen=True)
class Verdict:
    """What the check found. votes_differ: most that a vote of 0..1 differed by. overlap: of the 50 nearest, mean."""

    votes_differ: float
    overlap: float
    float32_seconds: float
    bfloat16_seconds: float
    checked: str

    @property
    def equal(self) -> bool:
        """Whether answers count as equal."""
        return self.votes_differ <= MOST_OF_A_VOTE and self.overlap >= LEAST_OVERLAP

    @property
    def gain(self) -> float:
        """How many times as fast bfloat16 is."""
        return self.float32_seconds / max(self.bfloat16_seconds, 1e-9)

    @property
    def dtype(self) -> torch.dtype:
        """The arithmetic to use."""
        return torch.bfloat16 if self.equal and self.gain >= LEAST_GAIN else torch.float32

    @property
    def reason(self) -> str:
        """Why, in words."""
        found = f"votes within {self.votes_differ:.3f}, {self.overlap:.3f} of the nearest the same"
        if not self.equal:
            return f"bfloat16 answers differ from float32 here ({found}; checked {self.checked})"
        if self.dtype == torch.float32:
            return f"bfloat16 is no faster here ({self.gain:.1f} times as fast; checked {self.checked})"
        return f"bfloat16 answers as float32 does here ({found}), {self.gain:.1f} times as fast; checked {self.checked}"


class VerdictCache:
    """A JSON file of verdicts by key. What cannot be read counts as not there; what cannot be written is left."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _cache_folder() / "arithmetic.json"

    def find(self, key: str) -> Verdict | None:
        """The verdict of a key."""
        try:
            return Verdict(**self._all()[key])
        except (KeyError, TypeError):
            return None

    def keep(self, key: str, verdict: Verdict) -> None:
        """Keeps a verdict beside the others."""
        text = json.dumps({**self._all(), key: asdict(verdict)}, indent=1) + "\n"
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.path)
        except OSError:  # a read-only home: the check is done again at the next start
            with contextlib.suppress(OSError):
                partial.unlink()

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def placement_of(settings: Settings, cache: VerdictCache | None = None) -> Placement:
    """Device and arithmetic of the settings. Raises ValueError for an unknown device."""
    if settings.dtype != CHECKED:
        return choose_placement(settings.device, settings.dtype)
    base = choose_placement(settings.device)
    if (why := _why_float32(settings, base.device)) is not None:
        return Placement(base.device, torch.float32, f"{base.reason}; {why}")
    verdict = (cache or VerdictCache()).find(key_of(settings.bundle, base.device))
    if verdict is None:
        return Placement(base.device, torch.float32, f"{base.reason}; bfloat16 was not checked on this machine yet")
    return Placement(base.device, verdict.dtype, f"{base.reason}; {verdict.reason}")


def to_be_checked(settings: Settings, cache: VerdictCache | None = None) -> str | None:
    """The key under which a verdict is wanted and not known; None where there is nothing to check."""
    if settings.dtype != CHECKED:
        return None
    device = choose_placement(settings.device).device
    if _why_float32(settings, device) is not None:
        return None
    key = key_of(settings.bundle, device)
    return key if (cache or VerdictCache()).find(key) is None else None


def key_of(bundle: Path, device: torch.device) -> str:
    """What a verdict holds for: the bundle, the processor or GPU, and torch."""
    return (
        f"{sha256((bundle / MANIFEST).read_bytes()).hexdigest()} on {machine_name(device)}, torch {torch.__version__}"
    )


def machine_name(device: torch.device) -> str:
    """Name of the GPU, or of the processor with what it multiplies bfloat16 by."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    found = torch.cpu.get_capabilities()
    able = [name for name in ("amx_bf16", "avx512_bf16") if found.get(name)]
    return " ".join([_processor(), *able])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _why_float32(settings: Settings, device: torch.device) -> str | None:
    """Why nothing but float32 comes into question, None where bfloat16 does."""
    if not multiplies_bfloat16(device):
        return "it has no native bfloat16"
    sizes = [file.stat().st_size for file in settings.bundle.glob("*.safetensors")]
    if not sizes or max(sizes) <= SMALL_NETWORK_BYTES:
        return "networks this small are no faster in bfloat16"
    return None


def _cache_folder() -> Path:
    """The user's cache folder (XDG Base Directory Specification 0.8)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "echoscribe"
