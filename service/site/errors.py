"""Errors of building a bank from own reports.

OwnReportsError
├── MappingError  the YAML is missing, has another form, or names a column that is not there
├── TableError    the CSV as a whole cannot be read
├── VectorsError  embeddings or studies do not fit the bundle or the reports
└── BankRefused   no bank can be written: nothing is left, another key, another encoder, another builder at work
"""


class OwnReportsError(Exception):
    """Own reports that cannot become a bank."""


class MappingError(OwnReportsError):
    """The mapping of columns; the message names the field or column."""


class TableError(OwnReportsError):
    """The CSV as a whole; the message names the file and line."""


class VectorsError(OwnReportsError):
    """Embeddings or studies; the message names file, value and limit."""


class BankRefused(OwnReportsError):
    """No bank can be written; what is served stays as it is."""
