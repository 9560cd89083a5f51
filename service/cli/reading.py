"""The command `echoscribe read`: what was understood of a report's text, sentence by sentence, as a table or JSON."""

import json
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model.echo.language.reader import echo_grammar, echo_headings
from model.report.clinical_text.report import ReadSentence, ReportMeaning, read_report
from model.report.clinical_text.stated import StatedFinding
from service.cli.output import print_table
from service.errors import InvalidField

_MOST_BYTES = 4_000_000  # far more than the longest report; a file above it is no report
_LOOKED_AT = 200  # bytes by which two-byte letters are known; the first lines of a report
_WIDE = 160  # columns of a table that goes to a file or a pipe


def read_file(path: Path) -> ReportMeaning:
    """The meaning of a report in a text file; ``-`` reads standard input.

    Raises InvalidField when it is empty, no UTF-8 text, or more than one report.
    """
    if str(path) == "-":
        data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    else:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InvalidField(f"REPORT: {path} has more than {_MOST_BYTES} bytes; no report is that long", field="REPORT")
    text = _text(data, path)
    if not text.strip():
        raise InvalidField(f"REPORT: {path} is empty", field="REPORT")
    reports = echo_headings().reports(text)
    if reports > 1:
        raise InvalidField(f"REPORT: {path} holds {reports} reports; give each a file of its own", field="REPORT")
    return read_report(text, echo_grammar(), echo_headings())


def _text(data: bytes, path: Path) -> str:
    """The text of UTF-8 bytes. Raises InvalidField with the encoding that they have instead."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"REPORT: {path} is no UTF-8 text (byte {error.start})"
        raise InvalidField(f"{where}{_instead(data)}", field="REPORT") from error
    if "\0" in text:
        raise InvalidField(f"REPORT: {path} is no UTF-8 text (it holds zero bytes){_instead(data)}", field="REPORT")
    return text


def _instead(data: bytes) -> str:
    """What the bytes seem to be, and how they become UTF-8; empty where they are no text."""
    for encoding, fits in (("UTF-16", _is_utf16(data)), ("WINDOWS-1252", b"\0" not in data)):
        try:
            text = data.decode(encoding) if fits else ""
        except UnicodeDecodeError:
            continue
        if text and all(sign.isprintable() or sign.isspace() for sign in text.removeprefix("\ufeff")):
            return f" but {encoding}: save it as UTF-8 (iconv -f {encoding} -t UTF-8 REPORT > NEW)"
    return ""


def _is_utf16(data: bytes) -> bool:
    """Whether a mark leads the bytes, or every second byte of the first is zero, as in Latin letters of two bytes."""
    first = data[:_LOOKED_AT]
    return data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or first.count(0) * 3 > len(first)


def print_report(meaning: ReportMeaning, *, as_json: bool) -> None:
    """Prints what was understood."""
    if as_json:
        sys.stdout.write(json.dumps(meaning.fields(), ensure_ascii=False, indent=1) + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    if meaning.language is None:
        languages = ", ".join(echo_grammar().lexicons)
        looks = "" if meaning.looks_like is None else f" It looks like {meaning.looks_like.capitalize()}."
        console.print(
            f"The report is in no language that is read ({languages}): nothing was read.{looks}", markup=False
        )
        return
    print_table(sentence_table(meaning))
    print_table(label_table(meaning))
    for name in meaning.contradictions:
        console.print(f"The impression states {name} otherwise than the findings; the findings count.", markup=False)


def sentence_table(meaning: ReportMeaning) -> Table:
    """One row per finding, with the sentence that states it; a sentence without one has a row of its own."""
    table = Table("section", "sentence", "finding", "value", "number", "says", title=f"language: {meaning.language}")
    for sentence in meaning.sentences:
        rows = [_cells(finding) for finding in sentence.meaning.findings] or [("-", "", "", "nothing known")]
        for number, cells in enumerate(rows):
            lead = _lead(sentence) if number == 0 else ("", "")
            table.add_row(*lead, *cells)
    return table


def label_table(meaning: ReportMeaning) -> Table:
    """The phenotypes that the report states."""
    table = Table("phenotype", "stated")
    for name, label in meaning.labels.items():
        if label is not None:
            table.add_row(name, label if isinstance(label, str) else _number(label))
        elif name in meaning.straddling:
            table.add_row(name, "stated, neither yes nor no")
    return table


def _lead(sentence: ReadSentence) -> tuple[str, str]:
    where = sentence.section or "-"
    return (f"{where} (impression)" if sentence.block == "impression" else where, sentence.meaning.text)


def _cells(finding: StatedFinding) -> tuple[str, str, str, str]:
    number = "" if finding.number is None else f"{_number(finding.number)} {finding.unit or ''}".strip()
    says = [finding.polarity, *(["hedged"] if finding.certainty == "hedged" else []), *_times(finding)]
    return finding.entity, finding.value or "", number, ", ".join(says)


def _times(finding: StatedFinding) -> list[str]:
    return ["prior"] if finding.time == "prior" else []


def _number(number: float | tuple[float | None, float | None]) -> str:
    if not isinstance(number, tuple):
        return f"{number:g}"
    low, high = number
    if low is None:
        return f"< {high:g}"
    return f"> {low:g}" if high is None else f"{low:g} to {high:g}"
