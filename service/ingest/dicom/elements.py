"""The listed elements of a dataset, read within bounds that are checked on raw lengths, before any object is made.

A multi-valued number of four megabytes becomes 600 MB of Python objects, a sequence of half a million items takes 18
seconds. Real files need a few bytes for a number and a few kilobytes for a sequence.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from struct import Struct, error, unpack
from typing import Any, Final, cast

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.untrusted import BoundedReader

_UNDEFINED: Final = 0xFFFFFFFF
_CHARACTER_SET: Final = 0x00080005  # pydicom reads it whether it is asked for or not
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD  # PS3.5 7.5
# VRs whose length takes four bytes, after two that are reserved (PS3.5 7.1.2).
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_MAX_DEPTH: Final = 32  # sequences within sequences; structured reports of real life stay below 10

# The largest raw value of a listed element, in bytes. Texts and numbers of real files stay below 100.
MAX_VALUE_BYTES: Final = 4096
# A region of PS3.3 C.8.5.5 is about 400 bytes, and a picture has a handful.
MAX_SEQUENCE_BYTES: Final = 1 << 16
LARGER_VALUES: Final[Mapping[str, int]] = {
    "FrameTimeVector": 1 << 18,  # 17 bytes for each of 15,000 frames
    # 65,536 entries of two bytes (PS3.3 C.7.6.3.1.6); a segmented table is not longer than the table it stands for.
    **{
        f"{kind}{colour}PaletteColorLookupTableData": 1 << 17
        for colour in ("Red", "Green", "Blue")
        for kind in ("", "Segmented")
    },
}


class BoundedElements:
    """Reads the listed elements from where a reader stands, up to the pixel data or the end.

    listed: tag → keyword. ends: whether a tag ends the reading.
    """

    def __init__(self, reader: BoundedReader, listed: Mapping[int, str], ends: Callable[[int], bool]) -> None:
        self._reader, self._listed, self._ends = reader, listed, ends
        self._measured: set[int] = set()
        self._is_sequence_next = False

    def read(self, *, implicit: bool, little_endian: bool) -> Dataset:
        """The listed elements; its `original_encoding` says whether the VRs were implicit after all.

        Raises ClipRejected where a listed element is larger than any real one.
        """
        whole: Dataset | None = None
        while True:
            part = self._part(implicit, little_endian)
            if whole is None:
                whole, implicit = part, bool(part.original_encoding[0])
            else:
                whole.update(part)
            if not self._is_sequence_next:
                return whole
            self._pass_sequence(implicit, "<" if little_endian else ">")

    def _part(self, implicit: bool, little_endian: bool) -> Dataset:
        """The elements up to the next sequence of undefined length, which pydicom would read whatever its size."""
        self._is_sequence_next = False
        return read_dataset(
            cast(Any, self._reader),
            implicit,
            little_endian,
            stop_when=self._stops_at,
            specific_tags=cast(Any, [*self._listed]),
        )

    def _stops_at(self, tag: int, _vr: str | None, length: int) -> bool:
        """Whether reading stops before this element. Raises ClipRejected where its value is too large to be read."""
        number = int(tag)
        if self._ends(number):
            return True
        if length == _UNDEFINED:
            self._is_sequence_next = number not in self._measured
            return self._is_sequence_next
        if number in self._listed or number == _CHARACTER_SET:
            self._check(number, length)
        return False

    def _check(self, tag: int, length: int) -> None:
        keyword = self._listed.get(tag, "SpecificCharacterSet")
        limit = MAX_SEQUENCE_BYTES if keyword.endswith("Sequence") or keyword.startswith("SequenceOf") else None
        limit = limit or LARGER_VALUES.get(keyword, MAX_VALUE_BYTES)
        if length > self._reader.size - self._reader.tell() and tag not in self._measured:
            raise ClipRejected(SkipReason.UNREADABLE, "The DICOM file is truncated or damaged and cannot be read.")
        if length > limit:
            text = f"The DICOM element {keyword} has {length} bytes; no real file needs more than {limit}."
            raise ClipRejected(SkipReason.TOO_LARGE, text)

    def _pass_sequence(self, implicit: bool, order: str) -> None:
        """Steps over the element of undefined length here, or, if it is listed and small, lets it be read next."""
        start = self._reader.tell()
        group, element = unpack(f"{order}2H", self._reader.read(4))
        self._reader.seek(start)
        tag = group << 16 | element
        walk = ElementWalk(self._reader, order, implicit=implicit)
        if tag not in self._listed:
            walk.skip_element()
            return
        walk.end = start + MAX_SEQUENCE_BYTES
        with self._named(tag):
            walk.skip_element()
        self._measured.add(tag)
        self._reader.seek(start)

    @contextmanager
    def _named(self, tag: int) -> Iterator[None]:
        """Turns a walk beyond the largest sequence into the refusal of that element."""
        try:
            yield
        except OverflowError:
            text = (
                f"The DICOM element {self._listed[tag]} is longer than {MAX_SEQUENCE_BYTES} bytes, as no real one is."
            )
            raise ClipRejected(SkipReason.TOO_LARGE, text) from None


class ElementWalk:
    """Steps over elements by their raw lengths; nothing of their values is kept.

    end: raises OverflowError beyond that position.
    """

    end: float = inf

    def __init__(self, reader: BoundedReader, order: str, *, implicit: bool) -> None:
        self._reader, self._implicit = reader, implicit
        self._head, self._short, self._length = Struct(f"{order}2H"), Struct(f"{order}H"), Struct(f"{order}L")

    def skip_element(self, depth: int = 0) -> int:
        """The tag of the element here; the reader then stands behind it. Raises struct.error at the file's end."""
        tag, vr, length = self._header()
        if tag in {_ITEM_END, _SEQUENCE_END} or length != _UNDEFINED:
            self._jump(0 if tag in {_ITEM_END, _SEQUENCE_END} else length)
            return tag
        if depth > _MAX_DEPTH:
            raise ClipRejected(SkipReason.TOO_LARGE, f"The DICOM file nests more than {_MAX_DEPTH} sequences.")
        inner = self if vr != b"UN" else self._of_unknown()
        while (item := inner._header())[0] == _ITEM:
            if item[2] != _UNDEFINED:
                self._jump(item[2])
                continue
            while inner.skip_element(depth + 1) != _ITEM_END:
                pass
        return tag

    def _of_unknown(self) -> "ElementWalk":
        """An element of VR UN and undefined length holds implicit little-endian elements (PS3.5 6.2.2)."""
        walk = ElementWalk(self._reader, "<", implicit=True)
        walk.end = self.end
        return walk

    def _header(self) -> tuple[int, bytes, int]:
        """(tag, VR, length) of the element here."""
        head = self._reader.read(8)
        if self._reader.tell() > self.end:
            raise OverflowError
        if len(head) < 8:
            raise error("the file ends inside an element")
        tag = self._head.unpack(head[:4])
        number = tag[0] << 16 | tag[1]
        vr = head[4:6]
        if self._implicit or tag[0] == 0xFFFE or not vr.isalpha():
            return number, b"", int(self._length.unpack(head[4:])[0])
        if vr in _LONG:
            return number, vr, int(self._length.unpack(self._reader.read(4))[0])
        return number, vr, int(self._short.unpack(head[6:])[0])

    def _jump(self, length: int) -> None:
        """Moves on by that many bytes; never behind the end of the file."""
        if not length:
            return
        at = self._reader.tell() + length
        if at > self._reader.size:
            raise error("an element is longer than the file")
        self._reader.seek(at)
