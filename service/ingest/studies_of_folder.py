"""The studies below one folder: DICOM files by their StudyInstanceUID, all others by the sub-folder they lie in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import ClipRejected
from model.study import Acquisition
from service.errors import EmptyStudy
from service.ingest.decoding.study_decoding import StudyDecoding, decoding_of
from service.ingest.file_list import StoredFile, is_system_name, list_files
from service.ingest.formats import FileFormats, Recognised
from service.ingest.limits import IngestLimits


@dataclass(frozen=True)
class FoundStudy:
    """One study below a folder. name: the sub-folders it lies in, for a command line's own terminal."""

    name: str = field(repr=False)
    paths: tuple[Path, ...] = field(repr=False)


@dataclass(frozen=True, repr=False)
class _FoundFile:
    """A file, the sub-folder one level down that it lies in ("" for the folder itself), and what it was found to be."""

    path: Path
    below: str
    usable: bool
    study_instance_uid: str


_Key = tuple[str, str]  # what the study goes by: "uid" or "folder", and its value


def find_studies(folder: Path, limits: IngestLimits, formats: FileFormats[Acquisition]) -> list[FoundStudy]:
    """The studies in the sub-folders of a folder (and in the folder itself), in the order of their names.

    A file without a UID is of the only study in its sub-folder that has one, else of its sub-folder. Limits hold for
    each sub-folder. Raises EmptyStudy when there is none, StudyTooLarge.
    """
    files = list(_inspect(folder, limits, decoding_of(limits, formats)))
    keys: dict[Path, _Key] = {
        file.path: ("uid", file.study_instance_uid) for file in files if file.usable and file.study_instance_uid
    }
    for usable in (True, False):  # what cannot be used goes where the used files of its sub-folder went
        near = {below: _keys_near(below, files, keys) for below in {file.below for file in files}}
        for file in files:
            if file.path in keys or file.usable is not usable:
                continue
            own = near[file.below]
            if len(own) == 1:
                keys[file.path] = next(iter(own))
            elif usable or file.below:
                keys[file.path] = ("folder", file.below)
    groups: dict[_Key, list[_FoundFile]] = {}
    for file in files:
        if file.path in keys:
            groups.setdefault(keys[file.path], []).append(file)
    if not groups:
        raise EmptyStudy("No sub-folder holds a file of a study.")
    return _named(folder, _without_leftovers(groups))


def _keys_near(below: str, files: list[_FoundFile], keys: dict[Path, _Key]) -> set[_Key]:
    return {keys[file.path] for file in files if file.below == below and file.path in keys}


def _without_leftovers(groups: dict[_Key, list[_FoundFile]]) -> list[list[_FoundFile]]:
    """The groups, less those of unusable files only that lie beside studies: notes among them are no study."""
    subfolders_used = {file.below for members in groups.values() for file in members if file.usable}
    return [
        members
        for members in groups.values()
        if any(file.usable for file in members) or members[0].below not in subfolders_used
    ]


def _inspect(folder: Path, limits: IngestLimits, decoding: StudyDecoding[Acquisition]) -> Iterator[_FoundFile]:
    """Every file below the folder, its header read; files that systems leave behind are passed over."""
    for entry in sorted(folder.iterdir()):
        if is_system_name(entry.name) or not (entry.is_dir() or entry.is_file()):
            continue
        below = entry.name if entry.is_dir() else ""
        try:
            listed = list_files([entry], limits)
        except EmptyStudy:
            continue
        yield from (_found(file, below, decoding) for file in listed if not file.is_system_name)


def _found(file: StoredFile, below: str, decoding: StudyDecoding[Acquisition]) -> _FoundFile:
    try:
        content: Recognised[Acquisition] = decoding.recognise(file)
    except ClipRejected:
        return _FoundFile(file.path, below, usable=False, study_instance_uid="")
    uid = content.identity.study_instance_uid if content.identity else ""
    return _FoundFile(file.path, below, usable=True, study_instance_uid=uid)


def _named(folder: Path, groups: list[list[_FoundFile]]) -> list[FoundStudy]:
    """Each group with the name of its sub-folders; where several have the same name, with a number too."""
    names = [", ".join(sorted({file.below or folder.resolve().name for file in members})) for members in groups]
    studies = []
    for number, (name, members) in enumerate(zip(names, groups, strict=True)):
        same = names.count(name)
        mark = f" (study {names[: number + 1].count(name)} of {same})" if same > 1 else ""
        studies.append(FoundStudy(name + mark, tuple(file.path for file in members)))
    return sorted(studies, key=lambda study: study.name)
