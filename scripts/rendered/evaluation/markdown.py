"""EVAL.md: what the figures are worth in plain words, then every bar and table."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from service.pipeline import ReportPipeline
from service.site.validation.markdown import nested_table

PLAIN_WORDS = """\
**Read this first.** This default has seen only rendered hearts. The same authors wrote the renderer, the report
language and this test. The figures show how far the pipeline learns from what it is given and uses its evidence; they
do not estimate accuracy on patients. What it says on real clips is in the last table. Not for care.

A figure here that is better than a published one on real data shows that this task is easier, not that this system is
more skilful. The Core Metric is computed as in echovlm's table, but of another task; it is not comparable with theirs.
"""


def markdown_of(document: Mapping[str, Any], pipeline: ReportPipeline) -> str:
    """The whole page. document: what `--json` writes."""
    bundle = pipeline.bundle
    lines = ["# Evaluation", "", PLAIN_WORDS]
    bank = pipeline.retriever.bank.manifest
    lines += [
        f"Bundle `{bundle.name}`, {'trained' if bundle.trained else '**untrained**'}; bank `{bank.name}` with "
        f"{bank.candidates} candidates; {document['studies']} studies of seed {document['seed']}; "
        f"{document['minutes']:.0f} minutes.",
        "",
    ]
    lines += [f"{'All bars hold.' if document['ok'] else str(len(document['failed'])) + ' bars fail.'}", ""]
    lines += [f"- {remark}" for remark in document["remarks"]]
    lines += ["", "## Bars", "", "| bar | measured | demanded | holds |", "| --- | ---: | --- | --- |"]
    lines += [
        f"| {name} | {_shown(bar['value'])} | {bar['demand']} | {'yes' if bar['ok'] else '**no**'} |"
        for name, bar in document["bars"].items()
    ]
    for name, figures in document["figures"].items():
        lines += ["", f"## {name.replace('_', ' ').capitalize()}", "", *_table(figures)]
    return "\n".join(lines) + "\n"


def _table(figures: Any) -> Iterator[str]:
    """A table of nested figures, a list of plain ones."""
    if not isinstance(figures, Mapping):
        yield ", ".join(map(_shown, figures)) if isinstance(figures, list) else _shown(figures)
        return
    nested = {name: row for name, row in figures.items() if isinstance(row, Mapping)}
    plain = {name: row for name, row in figures.items() if name not in nested}
    if plain:
        yield from ("| | |", "| --- | ---: |")
        yield from (f"| {name} | {_shown(value)} |" for name, value in plain.items())
        yield ""
    if nested:
        yield from nested_table(nested, _shown, absent="")


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)


def write_markdown(path: Path, document: Mapping[str, Any], pipeline: ReportPipeline) -> None:
    """Writes the page."""
    path.write_text(markdown_of(document, pipeline), encoding="utf-8")
