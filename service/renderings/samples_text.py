"""Further drafts of a study as plain text, each under its seed."""

import textwrap
from collections.abc import Iterator

from service.schemas import ReportDocument, SampleOut

_WIDTH = 100  # as the report above them


def samples_text(document: ReportDocument) -> str:
    """The drafts, nothing where there are none."""
    return "".join(f"{line}\n" for number, sample in enumerate(document.samples, 1) for line in _lines(number, sample))


def _lines(number: int, sample: SampleOut) -> Iterator[str]:
    among = "" if sample.top_k is None else f", of the {sample.top_k} likeliest"
    title = f"FURTHER DRAFT {number} (seed {sample.seed}, temperature {sample.temperature:g}{among})"
    yield from ("", title, "=" * len(title))
    for section in sample.sections:
        yield from ("", section.name.upper())
        yield from textwrap.wrap(section.text or "-", _WIDTH, initial_indent="  ", subsequent_indent="  ")
