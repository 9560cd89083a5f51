"""torch's compiler is not imported with the networks, and works when somebody asks for it."""

import subprocess
import sys

SCRIPT = """
import sys
from model.echo.networks.torchvision_networks import MViT, mvit_v2_s
assert MViT.__module__ == "torchvision.models.video.mvit"
assert "torch._dynamo" not in sys.modules, "it was imported"
import torch, torchvision
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist() == [2.0, 2.0]
assert "torch._dynamo" in sys.modules
boxes = torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
print(torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), boxes, 2).sum().item())
"""


def test_the_compiler_comes_when_it_is_wanted() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "4.0"), done.stderr
