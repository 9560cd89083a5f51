import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.building.growing_array import GrowingArray


@given(st.lists(st.integers(0, 50), max_size=8))
def test_blocks_read_back_as_one_array(sizes: list[int]) -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.integers(0, 100, (size, 3)).astype(np.int32) for size in sizes]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "array.npy"
        array = GrowingArray(path, np.int32, (3,))
        for block in blocks:
            array.append(block)
        array.close()
        read = np.load(path)
    assert np.array_equal(read, np.concatenate([np.zeros((0, 3), np.int32), *blocks]))


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    array = GrowingArray(tmp_path / "array.npy", np.float16, (4,))
    with pytest.raises(ValueError, match=r"\(4,\), not \(3,\)"):
        array.append(np.zeros((2, 3), np.float16))
    array.close()
