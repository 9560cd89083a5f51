"""Errors of changing a report.

EditingError             a report cannot be changed so
├── UnknownVersion       no version of that number of a report
├── VersionConflict      the change was made from another version than the newest
├── ReportFinal          the version is signed, so it stays as it is
├── ReportNotFinal       only what is signed can be amended
├── NotJson              a change is sent as JSON
└── FeedbackOff          signed reports are not given out
"""

from service.errors import RequestError


class EditingError(RequestError):
    """A report cannot be changed so."""


class UnknownVersion(EditingError):
    """The report has no version of that number."""


class VersionConflict(EditingError):
    """The change was made from another version than the newest; names both."""


class ReportFinal(EditingError):
    """The version is signed and cannot be changed."""


class ReportNotFinal(EditingError):
    """The version is a draft, and only what is signed can be amended."""


class NotJson(EditingError):
    """The content type of a change is not application/json."""


class FeedbackOff(EditingError):
    """Signed reports beside their drafts are not given out: the setting that allows it is off."""
