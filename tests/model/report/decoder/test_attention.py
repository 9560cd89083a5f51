"""Products of few rows are taken the other way round on a processor, and only there."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from model.report.decoder.attention import project


def drawn(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


@pytest.mark.parametrize("rows", [(1, 1), (15, 1), (3, 20), (8, 30)])
def test_a_projection_equals_linear(rows: tuple[int, int]) -> None:
    weight, hidden = drawn(96, 64), drawn(*rows, 64)
    assert torch.equal(project(weight, hidden), functional.linear(hidden, weight)), "float32 is not touched"
    exact = functional.linear(hidden.bfloat16().float(), weight.bfloat16().float())
    found = project(weight.bfloat16(), hidden.bfloat16())
    assert found.shape == exact.shape
    assert torch.allclose(found.float(), exact, rtol=2**-7, atol=2**-5)  # half a unit of bfloat16, and its sums


@pytest.fixture
def linears(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The devices that `linear` was called on."""
    devices: list[str] = []
    linear = functional.linear

    def reported(hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        devices.append(hidden.device.type)
        return linear(hidden, weight)

    monkeypatch.setattr(functional, "linear", reported)
    return devices


@pytest.mark.parametrize(("rows", "by_linear"), [(1, []), (64, []), (65, ["cpu"])])
def test_only_few_rows_go_the_other_way_round(rows: int, by_linear: list[str], linears: list[str]) -> None:
    project(drawn(8, 4, dtype=torch.bfloat16), drawn(rows, 4, dtype=torch.bfloat16))
    assert linears == by_linear


def test_other_devices_use_linear(linears: list[str]) -> None:
    with FakeTensorMode():
        weight = torch.empty(8, 4, dtype=torch.bfloat16, device="cuda")
        assert project(weight, torch.empty(1, 4, dtype=torch.bfloat16, device="cuda")).shape == (1, 8)
    assert linears == ["cuda"]
