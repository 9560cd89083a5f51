"""An `.npy` file that grows by appending blocks, so that a bank of any size is written in bounded memory."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class GrowingArray:
    """Writes blocks of rows to an `.npy` file whose length is known only at the end.

    numpy pads the header so that the first axis can grow in place (numpy.lib.format, GROWTH_AXIS_MAX_DIGITS), so the
    header that `close` writes over the first one has the same length; an assertion holds that.
    """

    def __init__(
        self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...] = (), *, complete: bool = False
    ) -> None:
        """complete: the file was closed earlier and takes no more rows."""
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        if complete:
            self.rows = len(np.load(path, mmap_mode="r"))
            self._file = path.open("r+b")
            self._file.close()
            return
        self._file = path.open("w+b")
        self._header_bytes = len(self._header(0))
        self._file.write(self._header(0))
        self.rows = 0

    def append(self, block: NDArray[Any]) -> None:
        """Adds rows. block: (B, *row_shape), converted to the file's dtype."""
        if block.shape[1:] != self._row_shape:
            raise ValueError(f"rows must have shape {self._row_shape}, not {block.shape[1:]}")
        self._file.write(np.ascontiguousarray(block, dtype=self._dtype).data.cast("B") if block.size else b"")
        self.rows += len(block)

    def close(self) -> None:
        """Writes the final header and closes the file."""
        if self._file.closed:
            return
        header = self._header(self.rows)
        assert len(header) == self._header_bytes
        self._file.seek(0)
        self._file.write(header)
        self._file.close()

    def _header(self, rows: int) -> bytes:
        buffer = io.BytesIO()
        fields = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (rows, *self._row_shape)}
        npy.write_array_header_2_0(buffer, fields)
        return buffer.getvalue()
