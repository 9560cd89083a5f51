"""`per_section.json` of phrases whose meaning is known: what makes a phenotype positive, or states its number."""

from collections.abc import Sequence
from typing import Any

from model.echo.phrases.reader import english
from model.report.language.language import LabelRule
from scripts.reference.release.said_phrases import SaidPhrase, SaidPhrases
from scripts.reference.release.synthetic_phrases import NUMERICAL, release_names, telling


def said_label_sources(phrases: SaidPhrases) -> dict[str, dict[str, Any]]:
    """Phenotype → its entry, for the phenotypes that some phrase tells of."""
    entries = {rule.phenotype: _entry(rule, phrases.phrases) for rule in english().labels}
    return {name: entry for name, entry in entries.items() if entry["label_sources"]}


def _entry(rule: LabelRule, phrases: Sequence[SaidPhrase]) -> dict[str, Any]:
    if rule.slot is not None:
        slot = english().slots[rule.slot]
        stating = [p for p in phrases if p.stated is not None and (p.stated.slot, p.stated.factor) == (rule.slot, 1.0)]
        sources = [phrase.template.partition(NUMERICAL)[0] + "<#>" for phrase in stating]
        named = release_names(phrase.section for phrase in stating)
        return {"section": named, "mode": "regression", "label_sources": sources, "range": [slot.low, slot.high]}
    stating = [p for p in phrases if any(f.name == rule.finding and f.value in rule.positive for f in p.findings)]
    others = [f". {phrase.template}".casefold() for phrase in phrases if phrase not in stating]
    bare = [text for phrase in stating if (text := phrase.text(None))]  # what stands where no number is known
    plain = [f". {text.rstrip('.')}" for text in bare]
    told = [*(telling(phrase.template, others) for phrase in stating)]
    told += [text for text in plain if not any(text.casefold() in other for other in others)]
    sources = list(dict.fromkeys(source for source in told if source is not None))
    return {"section": release_names(phrase.section for phrase in stating), "mode": "binary", "label_sources": sources}
