"""Where networks run is chosen once, and a reason is told."""

import pytest
import torch
from torch import nn

from model import device
from model.device import Placement, choose_placement

CPU = torch.device("cpu")


def test_a_request_is_met_and_named() -> None:
    assert choose_placement("cpu", "bfloat16") == Placement(CPU, torch.bfloat16, "cpu was asked for")
    assert choose_placement("cpu").dtype is torch.float32


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_bfloat16_where_it_is_native(
    native: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "multiplies_bfloat16", lambda _: native)
    placement = choose_placement("cpu", "auto")
    assert placement.dtype is dtype
    assert "bfloat16" in placement.reason


@pytest.mark.parametrize(
    ("capabilities", "native"),
    [
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx512_f": True, "amx_bf16": False}, False),
        ({}, False),
    ],
)
def test_a_cpu_is_asked_for_its_instructions(
    capabilities: dict[str, bool], native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert device.multiplies_bfloat16(CPU) is native


def test_unknown_dtypes_and_absent_devices_are_refused() -> None:
    with pytest.raises(ValueError, match="not 'float16'"):
        choose_placement("cpu", "float16")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no CUDA device"):
            choose_placement("cuda:1")


def test_networks_are_placed_without_gradients_and_compiled_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def compiled(network: nn.Module, **options: object) -> nn.Module:
        asked.append(options)
        return network

    monkeypatch.setattr(torch, "compile", compiled)
    placed = Placement(CPU, torch.bfloat16, "test").placed(nn.Linear(2, 2))
    assert not asked
    assert {parameter.dtype for parameter in placed.parameters()} == {torch.bfloat16}
    assert not any(parameter.requires_grad for parameter in placed.parameters())
    Placement(CPU, torch.float32, "test", compiled=True).placed(nn.Linear(2, 2))
    Placement(torch.device("meta"), torch.float32, "test", compiled=True).placed(nn.Linear(2, 2))
    assert asked == [{"dynamic": False, "mode": "default"}] * 2
