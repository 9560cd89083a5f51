"""Errors of the service, but those of `service.editing_errors`. `service.problem` has the table from error to status.

ServiceError
├── AccessError              the call, or the start, is not let in
│   ├── KeyMissing           keys exist, and the call has none
│   ├── KeyRefused           the key is unknown or was revoked
│   ├── ScopeMissing         the key may not do this
│   ├── HostRefused          the service does not answer to the name in Host
│   ├── CrossSite            a page of another site posted
│   ├── KeysUnreadable       the file of keys cannot be used
│   ├── AuditUnavailable     the audit log cannot be written
│   ├── UnknownKey           no key of that id
│   └── UnsafeAddress        without keys, and not on loopback
├── StudyError               the upload as a whole cannot be a study
│   ├── EmptyStudy           no files, or none left after unpacking
│   ├── StudyUnreadable      a path that is not there, or a disk that fails
│   ├── StudyTooLarge        too many files or too many bytes
│   ├── MixedStudies         files of more than one study or patient
│   ├── SeveralStudies       usable files in more than one folder, and nothing says that they are one study
│   └── ArchiveRefused       a zip with unsafe names, too many files or too many bytes
├── RequestError             a field or header of the request cannot be used
│   ├── InvalidField         unknown, repeated, unreadable or out of range
│   ├── ModeUnavailable      the bundle has no decoder, so only `retrieval` can be asked for
│   ├── InvalidNeighbours    k outside 1..limit
│   ├── UnknownLanguage      reports are not written in that language
│   ├── NotAcceptable        no rendering of the answer fits the Accept header
│   ├── IdempotencyKeyReused  the key belongs to other files or options
│   ├── UnknownStudy         no study of that id
│   ├── EmbeddingsOff        vectors of studies are not given out
│   └── ShadowMode           drafts are stored and shown to nobody
├── UploadError              the body cannot be read as an upload
│   ├── UnsupportedUpload    wrong content type, or a content encoding
│   ├── MalformedUpload      not the multipart form it says it is
│   ├── UploadTooLarge       a limit on bytes or on files
│   ├── UploadTimeout        it came too slowly
│   ├── UploadCutOff         the client went away before its end
│   └── UploadFolderFull     no space left for it
├── Unavailable              not now; says when to try again
│   ├── QueueFull            all permits are taken
│   ├── NotReady             still loading, or loading failed
│   ├── Draining             the process is about to end
│   ├── UploadsUnusable      the folder of uploads is gone, or may not be written
│   └── DeviceLost           the device or its worker died
├── StudyFailed              accepted, and yet no answer
│   ├── Interrupted          the process ended first, and the files are gone
│   ├── TriesExhausted       the process ended each time that it worked on the study
│   ├── DeviceOutOfMemory    the study does not fit into the device's memory
│   ├── AnswerTimeout        not ready in time; the answer can be fetched later
│   ├── Abandoned            nobody waits for it any more
│   └── InternalFault        our fault; details are in the log
├── StoreError               results cannot be kept
│   ├── StoreUnavailable     reading or writing the store failed
│   ├── AnswerUnreadable     what it keeps of one study is damaged or of a newer version
│   └── StoreInUse           another process holds the store or the upload folder
└── ArtifactError            bundle and bank do not fit together
"""

from collections.abc import Mapping, Sequence


class ServiceError(Exception):
    """Any fault that the service reports to its caller.

    field: name of the form field, query parameter or header at fault. limit: the number that was exceeded.
    positions: upload positions, 1-based. names: local names by position, for a command line's own terminal; never part
    of the text, of an answer or of a log. retry_after_seconds: when trying again makes sense.
    """

    def __init__(
        self,
        text: str = "",
        *,
        field: str | None = None,
        limit: int | float | None = None,
        positions: Sequence[int] = (),
        names: Mapping[int, str] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(text)
        self.field = field
        self.limit = limit
        self.positions = tuple(positions)
        self.names = dict(names or {})
        self.retry_after_seconds = retry_after_seconds


class AccessError(ServiceError):
    """The call, or the start of the service, is not let in."""


class KeyMissing(AccessError):
    """Keys exist, and the call has none."""


class KeyRefused(AccessError):
    """The key is unknown or was revoked; never says which, nor the key."""


class ScopeMissing(AccessError):
    """The key may not do this; names the scope that may."""


class HostRefused(AccessError):
    """The service does not answer to the name in Host, which is not said again."""


class CrossSite(AccessError):
    """A page of another site posted."""


class KeysUnreadable(AccessError):
    """The file of keys cannot be read, written or trusted; names it."""


class AuditUnavailable(AccessError):
    """The audit log cannot be written, so that nothing may happen that it would have to tell."""


class UnknownKey(AccessError):
    """No key of that id is known."""


class UnsafeAddress(AccessError):
    """The service would listen beyond this machine and ask nobody for a key."""


class StudyError(ServiceError):
    """The upload as a whole cannot be a study."""


class EmptyStudy(StudyError):
    """No files were given, or none is left after unpacking."""


class StudyUnreadable(StudyError):
    """A path of the upload does not exist or cannot be read; names its position, never the path."""


class StudyTooLarge(StudyError):
    """More files or more bytes than a study may have; names the limit."""


class MixedStudies(StudyError):
    """Files of more than one StudyInstanceUID or PatientID; names positions, never the values."""


class SeveralStudies(StudyError):
    """Usable files in more than one folder without an identifier that makes them one study; names positions.

    folders: where they lie, sealed as `names` are.
    """

    def __init__(self, text: str, *, positions: Sequence[int], folders: Sequence[str]) -> None:
        super().__init__(text, positions=positions)
        self.folders = tuple(folders)


class ArchiveRefused(StudyError):
    """A zip with unsafe names, too many files or too many bytes; names the limit."""


class RequestError(ServiceError):
    """A field or header of the request cannot be used; names it, its value and the limit."""


class InvalidField(RequestError):
    """A field that is unknown, repeated, unreadable or out of range."""


class ModeUnavailable(RequestError):
    """The bundle cannot write in this mode; names the command that makes one that can."""


class InvalidNeighbours(RequestError):
    """The number of neighbours k lies outside its limits."""


class UnknownLanguage(RequestError):
    """Reports are not written in that language; names those there are."""


class NotAcceptable(RequestError):
    """No rendering of the answer is of that format, or fits the Accept header; lists those there are."""


class IdempotencyKeyReused(RequestError):
    """The idempotency key was used before with other files or options."""


class UnknownStudy(RequestError):
    """No study of that id is known."""


class EmbeddingsOff(RequestError):
    """Vectors of studies are not given out: the setting that allows it is off."""


class ShadowMode(RequestError):
    """Drafts are stored and shown to nobody over HTTP."""


class UploadError(ServiceError):
    """The body cannot be read as an upload."""


class UnsupportedUpload(UploadError):
    """The content type is not multipart/form-data, or the body is encoded."""


class MalformedUpload(UploadError):
    """The body is not the multipart form that its header says it is."""


class UploadTooLarge(UploadError):
    """The upload exceeds a limit on bytes or on files; names it."""


class UploadTimeout(UploadError):
    """The upload came too slowly; names the limit in seconds."""


class UploadCutOff(UploadError):
    """The client went away before the end of the upload."""


class UploadFolderFull(UploadError):
    """The disk that holds uploads has no space left."""


class Unavailable(ServiceError):
    """The service cannot take a study now."""


class QueueFull(Unavailable):
    """As many studies are uploading, waiting or running as the queue allows."""


class NotReady(Unavailable):
    """Bundle and bank are still loading, or could not be loaded."""


class Draining(Unavailable):
    """The process was asked to end and takes no new study."""


class UploadsUnusable(Unavailable):
    """The folder of uploads is gone or may not be written, or there are no file descriptors; says which."""


class DeviceLost(Unavailable):
    """The device or the thread that owns it died; the process must be restarted."""


class StudyFailed(ServiceError):
    """The study was accepted and yet there is no answer."""


class Interrupted(StudyFailed):
    """The process ended before the study was answered, and its files are gone."""


class TriesExhausted(StudyFailed):
    """The process ended each time that it worked on the study, so it is not tried again."""


class DeviceOutOfMemory(StudyFailed):
    """The study does not fit into the device's memory."""


class AnswerTimeout(StudyFailed):
    """The answer was not ready in time; it can be fetched later."""


class Abandoned(StudyFailed):
    """Nobody waits for the study any more, so it was dropped."""


class InternalFault(StudyFailed):
    """A fault of the service; its log has the details."""


class StoreError(ServiceError):
    """Results cannot be kept."""


class StoreUnavailable(StoreError):
    """Reading or writing the store failed, for example because its disk is full."""


class AnswerUnreadable(StoreError):
    """What the store keeps of one study is damaged, or was written by a newer version of the program."""


class StoreInUse(StoreError):
    """Another process holds the store or the upload folder."""


class ArtifactError(ServiceError):
    """Bundle and bank do not fit together; says which file and what differs."""
