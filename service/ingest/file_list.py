"""What was uploaded: the files of a folder, a list or one zip, in upload order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from service.errors import EmptyStudy, StudyTooLarge, StudyUnreadable
from service.ingest.limits import IngestLimits

_SYSTEM_NAMES = frozenset(
    {"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"}
)  # Windows, macOS; compared in lower case


@dataclass(frozen=True)
class StoredFile:
    """A file of the upload on local disk.

    is_system_name: its name is one that operating systems leave behind; the name itself is not kept.
    fault: why its bytes must not be used although they are there, in words for the answer.
    name: its local path, or its name in the zip; for a command line's own terminal, never for answers or logs.
    folder: the folder it lies in, on disk or in the zip; compared and kept as secret as the name.
    """

    path: Path = field(repr=False)
    is_system_name: bool
    fault: str | None = None
    name: str = field(default="", repr=False)
    folder: str = field(default="", repr=False)


def is_system_name(name: str) -> bool:
    """Whether a relative name belongs to an operating system, like .DS_Store or anything in __MACOSX."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part.lower() in _SYSTEM_NAMES or (part.startswith(".") and part.strip(".") != "") for part in parts)


def list_files(paths: Sequence[Path], limits: IngestLimits) -> list[StoredFile]:
    """The files under those paths: files as given, folders recursively in the order of their relative names.

    Raises StudyUnreadable where a path does not exist, EmptyStudy without files, StudyTooLarge beyond the limits.
    """
    found: list[StoredFile] = []
    total_bytes = 0
    named = {path for path in paths if path.is_file()}  # each was chosen by whoever names it: of any study
    for path, name in _walk(paths):
        whole = path.resolve()
        folder = whole.anchor if path in named else str(whole.parent)
        found.append(StoredFile(path, is_system_name(name), name=str(path), folder=folder))
        total_bytes += path.stat().st_size
        if len(found) > limits.max_files:
            raise StudyTooLarge(f"The study has more than {limits.max_files} files.", limit=limits.max_files)
        if total_bytes > limits.max_study_bytes:
            text = f"The study has more than {limits.max_study_bytes} bytes."
            raise StudyTooLarge(text, limit=limits.max_study_bytes)
    if not found:
        raise EmptyStudy("The upload holds no files.")
    return found


def _walk(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every regular file with its name relative to the path it was found under."""
    for number, path in enumerate(paths, start=1):
        if path.is_dir():
            below = {inner.relative_to(path).as_posix(): inner for inner in path.rglob("*") if inner.is_file()}
            yield from ((below[name], name) for name in sorted(below))
        elif path.is_file():
            yield path, path.name
        else:
            text = f"Path {number} of the upload is neither a file nor a folder."
            raise StudyUnreadable(text, positions=[number], names={number: str(path)})
