"""What a file is: one of the formats that a modality reads, or the reason why it is not used."""

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.file_list import StoredFile
from service.ingest.formats import HEAD_BYTES, A_co, FileFormats, Recognised
from service.ingest.limits import IngestLimits


def content_of(file: StoredFile, limits: IngestLimits, formats: FileFormats[A_co]) -> Recognised[A_co]:
    """What a file is; the bytes decide, never the file's name. Raises ClipRejected."""
    size = file.path.stat().st_size
    if file.fault:
        raise ClipRejected(SkipReason.UNREADABLE, file.fault)
    if size > limits.max_file_bytes:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The file has {size} bytes; the limit is {limits.max_file_bytes}.")
    with file.path.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    for file_format in formats.formats:
        if found := file_format.recognise(file.path, head, limits):
            return found
    if file.is_system_name:
        raise ClipRejected(SkipReason.NOT_AN_IMAGE, "A file of the operating system, not of the study.")
    if known := formats.refuse(head):
        raise known
    raise ClipRejected(SkipReason.UNREADABLE, _unknown(head, formats.names))


def _unknown(head: bytes, names: str) -> str:
    """What to say of a file of no known format."""
    if not head:
        return "The file is empty."
    if head.startswith(b"PK\x03\x04"):
        return "An archive among or inside other files is not opened; send one zip alone, or the files themselves."
    return f"The file is neither {names}, whatever its name says."
