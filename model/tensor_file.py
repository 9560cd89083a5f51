"""A safetensors file, read tensor by tensor: never mapped, and never in memory as a whole beside what it fills.

Whoever cuts a mapped file ends the process that reads it. Layout: eight bytes with the length of a header in JSON, the
header, then the tensors' bytes without a gap (https://github.com/huggingface/safetensors, section Format).
"""

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import torch

LENGTH_BYTES: Final = 8  # of the header's length, at the start of every file
_LONGEST_HEADER: Final = 100_000_000  # bytes; the limit of the format's own reader
_DTYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a file. begin, end: where its bytes lie behind the header."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    end: int

    @classmethod
    def of(cls, name: str, entry: dict[str, Any]) -> Self:
        """As the header states it. Raises ValueError or KeyError for an entry that cannot be."""
        shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
            raise ValueError(f"tensor {name!r} has the shape {shape} at {begin} to {end}")
        stored = cls(name, _DTYPES[entry["dtype"]], shape, begin, end)
        if end - begin != math.prod(shape) * stored.dtype.itemsize:
            raise ValueError(f"tensor {name!r} of shape {shape} in {entry['dtype']} takes {end - begin} bytes")
        return stored


@dataclass(frozen=True, eq=False)
class TensorFile:
    """An open file. tensors: name → what the header says of it, in the order of their bytes."""

    tensors: dict[str, StoredTensor]
    _file: BinaryIO
    _start: int

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """The file, open until the context ends. Raises OSError, ValueError or KeyError for one that is not whole."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if not 0 < length <= min(size - LENGTH_BYTES, _LONGEST_HEADER):
                raise ValueError(f"a header of {length} bytes in a file of {size}")
            header = json.loads(file.read(length))
            found = [StoredTensor.of(name, entry) for name, entry in header.items() if name != "__metadata__"]
            found.sort(key=lambda each: (each.begin, each.end))
            start = LENGTH_BYTES + length
            if [0, *(each.end for each in found)] != [*(each.begin for each in found), size - start]:
                raise ValueError(f"its tensors do not fill the {size - start} bytes behind the header")
            yield cls({each.name: each for each in found}, file, start)

    def read(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Each tensor with its name, in memory of its own. Raises EOFError when the file was cut meanwhile."""
        self._file.seek(self._start)
        for stored in self.tensors.values():
            content = bytearray(stored.end - stored.begin)
            if self._file.readinto(content) != len(content):  # type: ignore[attr-defined]  # buffered readers have it
                raise EOFError(f"tensor {stored.name!r} ends too soon")
            flat = torch.frombuffer(content, dtype=stored.dtype) if content else torch.empty(0, dtype=stored.dtype)
            yield stored.name, flat.reshape(stored.shape)
