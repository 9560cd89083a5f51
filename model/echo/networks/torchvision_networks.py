"""torchvision's networks, imported without torch's compiler.

`torchvision.ops` imports `torch._dynamo` for one function that only its `roi_align` calls. That costs 0.6 CPU s before
the service is ready (LOG L-051), and nothing here uses it. So empty modules stand in for it while torchvision is
imported, and are removed afterwards.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_COMPILER = ("torch._dynamo", "torch._dynamo.utils")


@contextmanager
def _without_compiler() -> Iterator[None]:
    if _COMPILER[0] in sys.modules:
        yield
        return
    for name in _COMPILER:
        sys.modules[name] = ModuleType(name)
    vars(sys.modules[_COMPILER[-1]])["is_compile_supported"] = lambda _: False
    try:
        yield
    finally:
        for name in _COMPILER:
            del sys.modules[name]


with _without_compiler():
    from torchvision.models import ConvNeXt, convnext_base
    from torchvision.models.convnext import CNBlock, CNBlockConfig
    from torchvision.models.video import mvit_v2_s
    from torchvision.models.video.mvit import MSBlockConfig, MultiscaleAttention, MultiscaleBlock, MViT, Pool

__all__ = [
    "CNBlock",
    "CNBlockConfig",
    "ConvNeXt",
    "MSBlockConfig",
    "MViT",
    "MultiscaleAttention",
    "MultiscaleBlock",
    "Pool",
    "convnext_base",
    "mvit_v2_s",
]
