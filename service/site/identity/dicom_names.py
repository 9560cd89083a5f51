"""Names and ids that a study's DICOM headers state, so that they can be taken out of its report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

# PS3.3 C.2.2, C.2.3, C.7.1.1 and C.7.2: who is named in a header
_TAGS = (
    "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ReferringPhysicianName",
    "RequestingPhysician", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "PhysiciansOfRecord",
    "OperatorsName", "ResponsiblePerson",
)  # fmt: skip


def names_in(folder: Path) -> list[str]:
    """Every name in the headers of a study's files, each once; files that are no DICOM state none."""
    names: dict[str, None] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            header = dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS))
        # pydicom raises these and, on hostile bytes, ValueError, KeyError, NotImplementedError or struct's own
        except (InvalidDicomError, OSError, EOFError, ValueError, KeyError, NotImplementedError, AttributeError):
            continue
        for element in header:
            values = element.value if element.VM > 1 else [element.value]
            names.update(dict.fromkeys(str(value) for value in values if value))
    return list(names)


def names_of(studies: Path | None) -> Mapping[str, Sequence[str]]:
    """Study → names in its DICOM headers, for a folder with a folder per study."""
    if studies is None or not studies.is_dir():
        return {}
    return {path.name: names_in(path) for path in sorted(studies.iterdir()) if path.is_dir()}
