"""What a host needs before the CUDA wheels of this installation can use its GPU, and what it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

# CUDA major version → least driver branch on Linux. Source: NVIDIA, CUDA Compatibility, table 1 of "Minor Version
# Compatibility" (13.x: >= 580, 12.x: >= 525); a newer driver runs older CUDA.
_LEAST_DRIVER: Final[Mapping[int, int]] = {12: 525, 13: 580}
_FAISS_GPU_CUDA: Final = 12  # faiss-gpu 1.15 on PyPI is built for CUDA 12.6
# The first without CVE-2025-23266, an escape from the container to the host (NVIDIA security bulletin 5659).
LEAST_CONTAINER_TOOLKIT: Final = "1.17.8"
_PROC_VERSION: Final = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class GpuRequirements:
    """What the wheels need and what was found; None where there is none. `met` is True without a driver: CPU works.

    cuda: CUDA version that torch was built for, None for a CPU build. least_driver: driver branch that torch and FAISS
    need together. driver: version of the loaded kernel driver.
    """

    cuda: str | None
    least_driver: int | None
    driver: str | None

    @property
    def met(self) -> bool:
        """Whether a GPU that is there can be used."""
        return self.driver is None or self.least_driver is None or int(self.driver.split(".")[0]) >= self.least_driver

    def text(self) -> str:
        """For `doctor`: needs, then finding, then what to do."""
        if self.least_driver is None:
            return "this torch is built without CUDA; the service runs on the CPU"
        needs = (
            f"CUDA {self.cuda} wheels need an NVIDIA driver >= {self.least_driver}; "
            f"in a container also nvidia-container-toolkit >= {LEAST_CONTAINER_TOOLKIT}"
        )
        if self.driver is None:
            return f"{needs}; no NVIDIA driver is loaded, so the service runs on the CPU"
        return f"{needs}; driver {self.driver} is {'recent enough' if self.met else 'too old: update it'}"


def gpu_requirements(proc_version: Path = _PROC_VERSION) -> GpuRequirements:
    """The requirements of what is installed, and the driver that is loaded."""
    cuda: str | None = torch.version.cuda
    majors = [int(cuda.split(".")[0])] if cuda else []
    if cuda and _is_installed("faiss-gpu"):
        majors.append(_FAISS_GPU_CUDA)
    needed = [_LEAST_DRIVER[major] for major in majors if major in _LEAST_DRIVER]
    return GpuRequirements(cuda, max(needed, default=None), _loaded_driver(proc_version))


def _loaded_driver(proc_version: Path) -> str | None:
    """Version of the kernel driver, such as 580.95.05."""
    try:
        found = re.search(r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)", proc_version.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def _is_installed(distribution: str) -> bool:
    try:
        return bool(version(distribution))
    except PackageNotFoundError:
        return False
