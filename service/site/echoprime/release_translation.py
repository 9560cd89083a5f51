"""A release's language in a further language: its phrases in the wordings of the shipped phrases that say the same."""

from collections.abc import Mapping
from typing import Any

from model.report.language.language import Finding, Language, Phrase
from model.report.language.translation import Translation
from service.site.reports.phrase_slots import PhraseSlots

Meaning = tuple[str, frozenset[Finding], str | None]


def translation_fields(
    language: Language, shipped: Language, target: Translation, slots: PhraseSlots
) -> dict[str, Any]:
    """The fields of a translation file (`model.report.language.translation`) of a release's language.

    shipped: the language that `target` translates. A phrase without one that says exactly the same has no wording.
    """
    index: dict[Meaning, Phrase] = {}
    for phrase in shipped.phrases:
        index.setdefault((phrase.section, frozenset(phrase.findings), phrase.slot), phrase)
    wordings = {phrase.phrase_id: _wording(phrase, index, target, slots) for phrase in language.phrases}
    return {
        "language": target.language.language,
        "translates": language.language,
        "decimal_mark": target.language.decimal_mark,
        "sections": dict(target.headings),
        "phrases": {name: wording for name, wording in wordings.items() if wording is not None},
        "contradictions": {rule.name: rule.text for rule in target.language.contradictions},
    }


def _wording(
    phrase: Phrase, index: Mapping[Meaning, Phrase], target: Translation, slots: PhraseSlots
) -> str | list[str] | None:
    usual, _ = slots.scaled.get(phrase.slot or "", (phrase.slot, 1.0))
    same = index.get((phrase.section, frozenset(phrase.findings), usual))
    worded = None if same is None else target.language.by_id.get(same.phrase_id)
    if worded is None:
        return None
    if phrase.slot is None:
        return worded.template
    template = worded.template
    if phrase.slot != usual:
        own, other = (f"<{name}> {slots.slots[name].unit}" for name in (str(usual), phrase.slot))
        if own not in template:
            return None  # the unit cannot be put in its place
        template = template.replace(own, other)
    return [template, worded.numberless]
