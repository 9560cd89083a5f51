"""The shipped report languages, and the reader that turns their text back into findings, numbers and labels."""

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader, ReportReading, SentenceReading
from model.report.language.translation import Translation

ENGLISH_FILE = Path(__file__).with_name("en.json")
__all__ = ["ENGLISH_FILE", "PhraseReader", "ReportReading", "SentenceReading", "english", "german"]


@cache
def english() -> Language:
    """The English phrase bank of `en.json`, read once."""
    with as_file(files("model.echo.phrases") / "en.json") as path:
        return Language.read(path)


@cache
def german() -> Translation:
    """The German wordings of `de.json`, read once."""
    with as_file(files("model.echo.phrases") / "de.json") as path:
        return Translation.read(path, english())
