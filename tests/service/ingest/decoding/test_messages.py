"""What a decoder says comes back as it was, and what no decoder says is not believed."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.study import Clip, ClipWarning
from service.ingest.decoding.messages import Unbelievable, packed, unpacked
from service.ingest.identity import Identity

MODULES = ("service.ingest.cine", "service.ingest.identity")


class Memory:
    """Blocks of bytes, one for each array."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def put(self, array: np.ndarray) -> tuple[int, int]:
        self.blocks.append(bytes(8) + array.tobytes())
        return len(self.blocks) - 1, 8

    def get(self, block: int, offset: int, size: int) -> memoryview:
        if not 0 <= block < len(self.blocks) or offset + size > len(self.blocks[block]):
            raise Unbelievable
        return memoryview(self.blocks[block])[offset : offset + size]


def test_a_clip_comes_back_as_it_was() -> None:
    clip = Clip(
        position=3,
        sha256="ab",
        source="dicom",
        frames_rgb=np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), np.uint8),
        frame_rate_hz=29.97,
        frames_total=9,
        sector_box=(0, 1, 5, 4),
        frame_numbers=(0, 2, 3, 8),
        frames_readable=9,
        frame_rate_source="frame_time",
        warnings=(ClipWarning("frames_left_out", "1 of 9"),),
        regions_2d=((0, 1, 5, 4),),
        pixel_aspect=1.25,
    )
    memory = Memory()
    again = unpacked(packed(clip, memory.put), MODULES, memory.get)
    for each in fields(Clip):
        if each.name != "frames_rgb":
            assert getattr(again, each.name) == getattr(clip, each.name)
    np.testing.assert_array_equal(again.frames_rgb, clip.frames_rgb)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3).map(tuple),
    )
)
def test_plain_values_come_back(value: object) -> None:
    assert unpacked(packed(value, Memory().put), (), Memory().get) == value


@pytest.mark.parametrize("dtype", ["u1", "<f4", ">i2", "b1"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3)])
def test_arrays_of_numbers_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    memory, array = Memory(), np.ones(shape, dtype)
    again = unpacked(packed(array, memory.put), (), memory.get)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    "said",
    [
        {"class": "Popen", "values": {"args": "true"}},  # no dataclass
        {"class": "IngestLimits", "values": {}, "more": 1},
        {"class": "Identity", "values": {"patient_id": "1"}},  # others are missing
        {"class": "Clip", "values": {"position": 1}},
        {"class": "DecoderPool", "values": {}},
        {"class": "__name__", "values": {}},
        {"array": [0, 0, "|O", [1]]},  # pointers
        {"array": [0, 0, "<f8", [-1]]},
        {"array": [0, -8, "<f8", [1]]},
        {"array": [0, 3, "<f8", [1]]},  # not aligned
        {"array": [7, 0, "u1", [1]]},
        {"array": [0, 0, "u1", [1 << 60]]},
        {"array": [0, 0, "nonsense", [1]]},
        {"array": [0, 0]},
        {"surprise": 1},
        [[{"surprise": 1}]],
    ],
)
def test_what_no_decoder_says_is_not_believed(said: Any) -> None:
    memory = Memory()
    memory.put(np.zeros(8))
    with pytest.raises(Unbelievable):
        unpacked(said, MODULES, memory.get)


def test_a_clip_that_contradicts_itself_is_not_believed() -> None:
    memory = Memory()
    clip = Clip(1, "a", "video", np.zeros((1, 2, 2, 3), np.uint8), None, 1)
    said = packed(clip, memory.put)
    said["values"]["frame_rate_hz"] = -5.0
    with pytest.raises(Unbelievable):
        unpacked(said, MODULES, memory.get)


def test_an_identity_stays_sealed() -> None:
    identity = Identity("1.2", "1.3", "1.4", "1.5", "MRN-1")
    again = unpacked(packed(identity, Memory().put), MODULES, Memory().get)
    assert again == identity
    assert "MRN" not in repr(again)


def test_what_cannot_be_handed_over_is_named() -> None:
    with pytest.raises(TypeError, match="set cannot be handed over"):
        packed({1}, Memory().put)
