"""Markers and fixtures that every test may use."""

import pytest
import torch

from service.modalities.registry import MODALITIES
from tests.reference import REFERENCE
from tests.toy_modality import SERVED_TOY
from tests.toys.lead import SERVED_LEAD
from tests.toys.slices import SERVED_SLICES


def pytest_configure() -> None:
    """Threads are set once: xdist workers share two cores with FAISS's and torch's own OpenMP pools.

    The invented modalities are registered as a real one is: by a line in the table.
    """
    torch.set_num_threads(1)
    MODALITIES.update(toy=SERVED_TOY, lead=SERVED_LEAD, slices=SERVED_SLICES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need reference data or a GPU say why they do not run where there is none."""
    without_data = pytest.mark.skip(reason=f"reference data not found at {REFERENCE} (set ECHOSCRIBE_REFERENCE)")
    without_gpu = pytest.mark.skip(reason="no CUDA device")
    for item in items:
        if "shared" in item.keywords and not REFERENCE.is_dir():
            item.add_marker(without_data)
        if "gpu" in item.keywords and not torch.cuda.is_available():
            item.add_marker(without_gpu)
