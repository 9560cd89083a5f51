import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from model.checkpoint import build_unfilled, load_weights, save_weights
from model.errors import BundleCorrupt, BundleMismatch


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_weights_come_back_in_the_module_s_own_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    saved, loaded = network(), nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    save_weights(saved, tmp_path / "w.safetensors", dtype)
    load_weights(loaded, tmp_path / "w.safetensors")
    for name, tensor in loaded.state_dict().items():
        original = saved.state_dict()[name]
        assert tensor.dtype == original.dtype
        assert torch.allclose(tensor, original.to(dtype).to(original.dtype))


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    big = nn.Linear(400, 400)
    save_weights(big, tmp_path / "half")
    save_weights(big, tmp_path / "whole", torch.float32)
    assert (tmp_path / "half").stat().st_size < 0.51 * (tmp_path / "whole").stat().st_size


def test_a_weight_beyond_half_precision_is_refused(tmp_path: Path) -> None:
    module = nn.Linear(2, 2)
    module.weight.data.fill_(1e6)
    with pytest.raises(ValueError, match="'weight' holds values that are not finite"):
        save_weights(module, tmp_path / "w")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (nn.Sequential(nn.Linear(4, 3)), "'1.bias' is in the file, but"),
        (nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(1, 1)), "'2.bias' is missing"),
        (nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3)), r"'0.weight' is \(3, 4\), the network needs \(3, 5\)"),
    ],
)
def test_names_and_shapes_are_compared(tmp_path: Path, other: nn.Module, said: str) -> None:
    save_weights(network(), tmp_path / "w.safetensors")
    with pytest.raises(BundleMismatch, match=said) as refused:
        load_weights(other, tmp_path / "w.safetensors")
    assert "w.safetensors" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"no safetensors at all", None])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "w").write_bytes(content)
    with pytest.raises(BundleCorrupt, match="w: cannot be read"):
        load_weights(network(), tmp_path / "w")


def test_an_unfilled_network_becomes_what_its_file_holds(tmp_path: Path) -> None:
    saved = network().eval()
    save_weights(saved, tmp_path / "w", torch.float32)
    loaded = build_unfilled(lambda: network().eval())
    load_weights(loaded, tmp_path / "w")
    clip = torch.randn(2, 4)
    assert torch.equal(loaded(clip), saved(clip))
    assert not loaded.training
    assert all(each.device.type == "cpu" for each in loaded.state_dict().values())


def test_buffers_that_no_file_holds_are_built() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("steps", torch.arange(3), persistent=False)

    assert build_unfilled(Counting).get_buffer("steps").tolist() == [0, 1, 2]


COMPILER = """
import sys
from model.checkpoint import build_unfilled
from model.echo.networks.torchvision_networks import convnext_base
build_unfilled(convnext_base)
print(sorted({"sympy", "torch._dynamo"} & sys.modules.keys()))
"""


def test_a_network_is_built_without_torch_s_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILER], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"  # 1.5 CPU s of a start


def test_random_weights_are_not_drawn() -> None:
    torch.manual_seed(4)
    before = torch.get_rng_state()
    built = build_unfilled(lambda: nn.Sequential(nn.Linear(40, 30), nn.Conv2d(3, 4, 3), nn.LayerNorm(4)))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(weight.requires_grad for weight in built.parameters())


def test_a_value_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    module = nn.Linear(2, 2)
    module.weight.data[1, 0] = float("nan")
    save_file(module.state_dict(), tmp_path / "w")
    with pytest.raises(BundleMismatch, match=r"w: tensor 'weight' holds NaN or infinity"):
        load_weights(nn.Linear(2, 2), tmp_path / "w")
