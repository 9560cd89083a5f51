"""Whose study the files are: one patient and one order. What names them is sealed, compared, and shown nowhere."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from service.errors import MixedStudies


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


def source_reference(identities: Mapping[int, Identity]) -> SourceReference:
    """The sealed reference of files that were found to be of one study."""
    instances = tuple(
        SourceInstance(position, identity.series_instance_uid, identity.sop_class_uid, identity.sop_instance_uid)
        for position, identity in identities.items()
    )
    studies = {identity.study_instance_uid for identity in identities.values()} - {""}
    return SourceReference(next(iter(studies), None), instances)
