"""Whose study the files are: one patient and one order. What names them is sealed, compared, and shown nowhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from service.errors import MixedStudies, SeveralStudies

_ONE_STUDY = "\0"  # no folder has this name


@dataclass(frozen=True, repr=False)
class Identity:
    """What names the study, its patient and the file. Sealed: neither str() nor repr() shows it."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    patient_id: str

    def __repr__(self) -> str:
        return "Identity(sealed)"


@dataclass(frozen=True, repr=False)
class SourceInstance:
    """One DICOM file of the upload, as an archive knows it."""

    position: int
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, repr=False)
class SourceReference:
    """Where the study came from, for returning a report to its archive. Sealed: repr() and str() show nothing.

    study_instance_uid: None when no file names one (videos).
    """

    study_instance_uid: str | None
    instances: tuple[SourceInstance, ...]

    def __repr__(self) -> str:
        return "SourceReference(sealed)"


def refuse_mixture(identities: Mapping[int, Identity]) -> None:
    """Raises MixedStudies, naming positions only. A file that does not state an identifier fits any study."""
    for what, values in (
        ("study", {position: identity.study_instance_uid for position, identity in identities.items()}),
        ("patient", {position: identity.patient_id for position, identity in identities.items()}),
    ):
        groups: dict[str, list[int]] = defaultdict(list)
        for position, value in values.items():
            if value:
                groups[value].append(position)
        if len(groups) > 1:
            listed = "; ".join(", ".join(map(str, positions)) for positions in groups.values())
            text = f"The files belong to more than one {what}, by position: {listed}."
            raise MixedStudies(text, positions=sorted(position for group in groups.values() for position in group))


def refuse_several(identities: Mapping[int, Identity | None], folders: Mapping[int, str]) -> None:
    """Raises SeveralStudies, naming positions only, where usable files lie in several folders and may be of several.

    identities: of every file that was recognised, by position, already found to be no mixture. Files that state one
    StudyInstanceUID are one study wherever they lie. A file that states none is of the study of its folder; in the
    folder above all others it is of any.
    """
    stated = {position for position, identity in identities.items() if identity and identity.study_instance_uid}
    uid_folders = {folders[position] for position in stated}
    used_folders = {folders[position] for position in identities}
    groups: dict[str, list[int]] = defaultdict(list)
    for position in sorted(identities):
        folder = folders[position]
        if position in stated or folder in uid_folders:
            groups[_ONE_STUDY].append(position)
        elif not _holds_all(folder, used_folders):
            groups[folder].append(position)
    if len(groups) > 1:
        listed = "; ".join(", ".join(map(str, positions)) for positions in groups.values())
        text = (
            "Files lie in more than one folder, and nothing in them says that they are one study, by position: "
            f"{listed}. Send the folders one by one, or put the files of one study into one folder."
        )
        named = sorted(position for group in groups.values() for position in group)
        raise SeveralStudies(text, positions=named, folders=sorted({folders[position] for position in named}))


def _holds_all(top: str, folders: Iterable[str]) -> bool:
    """Whether every folder is that one or lies below it."""
    return all(PurePosixPath(folder).is_relative_to(top) for folder in folders)


def source_reference(identities: Mapping[int, Identity]) -> SourceReference:
    """The sealed reference of files that were found to be of one study."""
    instances = tuple(
        SourceInstance(position, identity.series_instance_uid, identity.sop_class_uid, identity.sop_instance_uid)
        for position, identity in identities.items()
    )
    studies = {identity.study_instance_uid for identity in identities.values()} - {""}
    return SourceReference(next(iter(studies), None), instances)
