"""Errors of the model layer.

ModelError
├── ClipRejected        a clip that must not be used; carries the reason shown in the answer
├── BundleError         a bundle folder that cannot be used
│   ├── BundleMismatch  names, dimensions, versions or hashes differ from what is needed
│   └── BundleCorrupt   a file is missing or unreadable
├── InvalidStudy        arrays that do not satisfy a stage type
└── LanguageError       a phrase file that cannot be used
"""

from model.study import SkipReason


class ModelError(Exception):
    """Any fault that the model layer reports to its caller."""


class ClipRejected(ModelError):
    """A clip that must be skipped, with the reason that the answer shows."""

    def __init__(self, reason: SkipReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class BundleError(ModelError):
    """A bundle folder that cannot be used."""


class BundleMismatch(BundleError):
    """Names, dimensions, versions or hashes differ; the message says which file and what differs."""


class BundleCorrupt(BundleError):
    """A file of the bundle is missing or unreadable; the message names it."""


class InvalidStudy(ModelError):
    """Arrays of the wrong shape, type or range were offered to a stage type."""


class LanguageError(ModelError):
    """A phrase file that is incomplete or contradicts itself."""
