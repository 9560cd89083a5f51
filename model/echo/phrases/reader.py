"""The shipped report language, and the reader that turns its text back into findings, numbers and labels."""

from functools import cache
from importlib.resources import as_file, files

from model.report.language import Language
from model.report.reading import PhraseReader, ReportReading, SentenceReading

__all__ = ["PhraseReader", "ReportReading", "SentenceReading", "english"]


@cache
def english() -> Language:
    """The English phrase bank of `en.json`, read once."""
    with as_file(files("model.echo.phrases") / "en.json") as path:
        return Language.read(path)
