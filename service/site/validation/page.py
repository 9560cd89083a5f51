"""EVAL-site.md: the figures of this site as tables, with what they rest on."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.site.validation.markdown import nested_table

_WORDS = """\
Agreement of drafts with what was signed at this site. Labels and findings of the signed text are read by the bundle's
own phrase reader: a sentence that it does not understand counts for nothing, and how many there are is stated.
Intervals are 95 %, over patients. All studies of a patient are in one part. Choose thresholds
(`echoscribe calibrate`) on
the part `development` and quote the part `test`. Drafts are no diagnosis, and agreement with a report is not accuracy.
"""


def site_page(summary: Mapping[str, Any]) -> str:
    """The page. summary: what `echoscribe validate` writes as JSON."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    yield from ("# Evaluation at this site", "", _WORDS)
    bundle = f"`{summary['bundle']}` ({summary['bundle_sha256'][:12]})"
    yield f"Bundle {bundle}, bank `{summary['bank']}`, mode {summary['mode']}."
    yield from ("", f"Kept out: {'; '.join(summary['kept_out']) or 'nothing'}.")
    for part, figures in summary["parts"].items():
        yield from ("", f"## Part {part}", "")
        unread, sentences = figures["signed_sentences_unread"], figures["signed_sentences"]
        yield f"{figures['studies']} studies of {figures['patients']} patients."
        yield f"{unread} of {sentences} signed sentences were not understood."
        for table in ("phenotypes", "sections"):
            yield from ("", f"### {table.capitalize()}", "", *nested_table(figures[table], _shown))


def _shown(figure: Any) -> str:
    if figure is None:
        return ""
    if not isinstance(figure, Mapping):
        return str(figure)
    if figure["value"] is None:
        return "–"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
