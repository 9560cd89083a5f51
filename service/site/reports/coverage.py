"""What a build or a dry run found in the reports, as one document and as a table."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SECTION, _LABEL, _REMOVED = "section: ", "label: ", "removed: "


def coverage_of(counts: Mapping[str, int], sections: Sequence[str], reports: int, rows: int) -> dict[str, Any]:
    """Counts by kind: reports with each section, how sentences were read, labels, what was removed."""
    sentences = counts.get("sentences", 0)
    return {
        "rows": rows,
        "reports_read": reports,
        "sections": {name: counts.get(_SECTION + name, 0) for name in sections},
        "sentences": sentences,
        "matched_share": round(counts.get("sentences matched", 0) / sentences, 4) if sentences else None,
        "read_share": round(counts.get("sentences read", 0) / sentences, 4) if sentences else None,
        "matched_by_meaning": counts.get("sentences matched by meaning", 0),
        "matched_by_language": _part(counts, "matched in: "),
        "free": counts.get("sentences free", 0),
        "left_out": counts.get("sentences left out", 0),
        "labels": _part(counts, _LABEL),
        "removed": _part(counts, _REMOVED),
        "impression_contradicts": _part(counts, "impression contradicts: "),
        "in_no_language_read": counts.get("reports in no language that is read", 0),
        "ignored_headings": _part(counts, "ignored heading: "),
        "labels_not_readable": _part(counts, "label not readable: "),
    }


def coverage_lines(coverage: Mapping[str, Any], rejected: Counter[str], quarantined: Counter[str]) -> Iterator[str]:
    """The coverage as lines for a terminal."""
    reports = max(coverage["reports_read"] + quarantined.total(), 1)
    yield f"{coverage['rows']} rows, {coverage['reports_read']} reports read, {coverage['sentences']} sentences"
    yield f"  {coverage['read_share']} of the sentences state something that is understood"
    yield f"  {coverage['matched_share']} are phrases ({coverage['matched_by_meaning']} of them in other words),"
    yield f"  {coverage['free']} are kept free,"
    yield f"  {coverage['left_out']} are left out because they name or number somebody"
    if coverage["in_no_language_read"]:
        yield f"  {coverage['in_no_language_read']} reports are in a language that is not read and give no label"
    for language, count in coverage["matched_by_language"].items():
        yield f"  {count} phrases are in language {language}"
    for title, table in (("section", coverage["sections"]), ("label", coverage["labels"])):
        for name, count in table.items():
            yield f"{title:8} {name:42} {count:6}  {count / reports:6.1%}"
    tables = {"removed": coverage["removed"], "contradicted": coverage["impression_contradicts"]}
    for title, table in ({**tables, "rejected": rejected, "put aside": quarantined}).items():
        for name, count in sorted(table.items()):
            yield f"{title:12} {name:38} {count:6}"


def _part(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in sorted(counts.items()) if name.startswith(prefix)}
