"""Errors of reading a release.

ReleaseError
├── ReleaseIncomplete  a file or column that is needed is not there
├── ReleaseMismatch    names, shapes or counts of two files do not fit each other
└── PickleRefused      a pickle that is damaged, or asks for anything but plain data
"""


class ReleaseError(Exception):
    """A release folder that cannot be imported; the message names the file."""


class ReleaseIncomplete(ReleaseError):
    """A file or column that is needed is not there."""


class ReleaseMismatch(ReleaseError):
    """Names, shapes or counts of two files do not fit each other."""


class PickleRefused(ReleaseError):
    """A pickle that is damaged, or asks for anything but plain data. Nothing of it was executed."""
