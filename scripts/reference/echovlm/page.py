"""The comparison as a page."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scripts.reference.echovlm.scoring import Scored
from service.site.metrics.intervals import Interval


def page_of(scored: Mapping[str, Scored], figures: Mapping[str, Any]) -> str:
    """All systems in one table, then trait by trait."""
    return "\n".join([*_summary(scored, figures), "", *_speed(figures), *_traits(scored)]) + "\n"


def _speed(figures: Mapping[str, Any]) -> Iterator[str]:
    theirs, ours = figures["echovlm_training"], figures["our_training_at_its_size"]
    if not ours:
        return
    yield "| training, each with its own arithmetic | parameters | text tokens a second | positions a second |"
    yield "|---|---|---|---|"
    for name, one in (("echovlm", theirs), ("ours", ours)):
        told = (one["parameters"], one["text_tokens_per_second"], one["positions_per_second"])
        yield f"| {name} | {' | '.join(f'{value:,.0f}' for value in told)} |"
    ratios = [ours[name] / theirs[name] for name in ("text_tokens_per_second", "positions_per_second")]
    yield f"| ours by echovlm's | | {ratios[0]:.2f} | {ratios[1]:.2f} |"
    yield ""


def _summary(scored: Mapping[str, Scored], figures: Mapping[str, Any]) -> Iterator[str]:
    yield "| system | Core Metric from text | macro-F1, abnormal findings | rag less this: Core Metric | F1 |"
    yield "|---|---|---|---|---|"
    for name, one in scored.items():
        less = figures["rag_less"].get(name)
        core, f1 = ("–", "–") if less is None else (_told(less["core_metric"]), _told(less["macro_f1_abnormal"]))
        yield f"| {name} | {_shown(one.table.core)} | {_shown(one.f1_interval)} | {core} | {f1} |"


def _traits(scored: Mapping[str, Scored]) -> Iterator[str]:
    yield f"| trait | {' | '.join(scored)} | positive |"
    yield "|---" * (len(scored) + 2) + "|"
    for rows in zip(*(one.table.traits for one in scored.values()), strict=True):
        first = rows[0]
        name = f"{first.name} R²" if first.continuous else first.name
        of = str(first.studies) if first.continuous else f"{first.positives} of {first.studies}"
        yield f"| {name} | {' | '.join(_shown(row.text) for row in rows)} | {of} |"


def _shown(figure: Interval) -> str:
    if np.isnan(figure.value):
        return "–"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _told(fields: Mapping[str, float]) -> str:
    return _shown(Interval(fields["value"], fields["low"], fields["high"]))
