"""Errors of the service layer, and (at the end) the one table from error class to HTTP status.

ServiceError
├── StudyError            the upload as a whole cannot be a study
│   ├── EmptyStudy        no files, or none left after unpacking
│   ├── MixedStudies      files of more than one study or patient
│   └── ArchiveRefused    a zip with unsafe names, too many files or too many bytes
├── RequestError          a field of the request cannot be used
│   ├── ModeUnavailable   the bundle has no decoder, so only `retrieval` can be asked for
│   └── InvalidNeighbours k outside 1..limit
└── ArtifactError         bundle and bank do not fit together
"""


class ServiceError(Exception):
    """Any fault that the service reports to its caller."""


class StudyError(ServiceError):
    """The upload as a whole cannot be a study."""


class EmptyStudy(StudyError):
    """No files were given, or none is left after unpacking."""


class MixedStudies(StudyError):
    """Files of more than one StudyInstanceUID or PatientID; names positions, never the values."""


class ArchiveRefused(StudyError):
    """A zip with unsafe names, too many files or too many bytes; names the limit."""


class RequestError(ServiceError):
    """A field of the request cannot be used; names the field, its value and the limit."""


class ModeUnavailable(RequestError):
    """The bundle cannot write in this mode; names the command that makes one that can."""


class InvalidNeighbours(RequestError):
    """The number of neighbours k lies outside its limits."""


class ArtifactError(ServiceError):
    """Bundle and bank do not fit together; says which file and what differs."""
