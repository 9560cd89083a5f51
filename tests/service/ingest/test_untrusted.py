"""Foreign exceptions end here, with a text of ours; foreign lengths are not believed."""

import io
import tracemalloc
from pathlib import Path

import pytest

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest import untrusted
from service.ingest.untrusted import BoundedReader, third_party


@pytest.mark.parametrize("foreign", [ValueError, KeyError, MemoryError, RecursionError, OSError, StopIteration])
def test_whatever_is_raised_becomes_our_text_alone(foreign: type[Exception]) -> None:
    with pytest.raises(ClipRejected) as rejected, third_party("our text", SkipReason.TOO_LARGE):
        raise foreign("PLANTED^NAME")
    assert (str(rejected.value), rejected.value.reason) == ("our text", SkipReason.TOO_LARGE)
    assert rejected.value.__suppress_context__


def test_our_own_reason_passes_through() -> None:
    with pytest.raises(ClipRejected, match="mine"), third_party("other"):
        raise ClipRejected(SkipReason.STATIC, "mine")


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_not_swallowed(interrupt: type[BaseException]) -> None:
    with pytest.raises(interrupt), third_party("text"):
        raise interrupt


def test_a_read_of_four_gigabytes_allocates_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"0123456789")
    with BoundedReader(io.FileIO(tmp_path / "1")) as reader:
        tracemalloc.start()
        assert reader.read(4 << 30) == b"0123456789"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()
        reader.seek(100)
        assert reader.read(5) == b""
        reader.seek(8)
        assert (reader.read(), reader.size) == (b"89", 10)


def test_a_parser_that_is_kept_busy_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "_MAX_READS", 3)
    reader = BoundedReader(io.BytesIO(bytes(100)))
    for _ in range(3):
        reader.read(1)
    with pytest.raises(ClipRejected, match="more elements or fragments"):
        reader.read(1)
