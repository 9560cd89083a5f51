"""Errors of the index layer.

BankError
├── BankMismatch       names, dimension, version, hash or encoder differ from what is needed
├── BankCorrupt        a file is missing, truncated or unreadable
├── SearchError        a query that cannot be answered (wrong dimension, not finite)
└── SearchUnavailable  the search library is absent, or installed twice over one folder
"""


class BankError(Exception):
    """A candidate bank that cannot be used."""


class BankMismatch(BankError):
    """Names, dimension, version, hash or encoder differ; the message says which file and what differs."""


class BankCorrupt(BankError):
    """A file of the bank is missing, truncated or unreadable; the message names it."""


class SearchError(BankError):
    """A query that the bank cannot answer; the message names the field, its value and the limit."""


class SearchUnavailable(BankError):
    """The search that the bank names cannot run here; the message says what to install or remove."""
