"""What the CUDA wheels need, against drivers that are there, old, new or absent."""

from pathlib import Path

import pytest
import torch

from service.cli.gpu_requirements import GpuRequirements, gpu_requirements

NVRM = "NVRM version: NVIDIA UNIX {}x86_64 Kernel Module  {}  Tue Sep 30\nGCC version:  gcc version 12.2.0\n"


@pytest.mark.parametrize(
    ("kind", "driver", "met"),
    [("", "580.95.05", True), ("Open Kernel Module for ", "590.10", True), ("", "570.133.07", False)],
)
def test_the_loaded_driver_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, driver: str, met: bool
) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    version = tmp_path / "version"
    text = (
        f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {driver}  Release"
        if kind
        else NVRM.format("", driver)
    )
    version.write_text(text)
    found = gpu_requirements(version)
    assert (found.driver, found.least_driver, found.met) == (driver, 580, met)
    assert driver in found.text()
    assert ("too old" in found.text()) is not met


def test_without_a_driver_the_cpu_serves(tmp_path: Path) -> None:
    found = gpu_requirements(tmp_path / "absent")
    assert found.driver is None
    assert found.met
    assert "CPU" in found.text()


def test_a_cpu_build_needs_nothing() -> None:
    assert "without CUDA" in GpuRequirements(None, None, "580.1").text()
