"""Our own phrases in the form of a release: `all_phr.json` and `per_section.json` out of the English phrase bank."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import LabelRule, Language, Phrase

NUMERICAL, STRING = "<numerical>", "<string>"
# Forms that releases have and our phrase bank has not: text as a value, and two placeholders for one value.
EXTRA = {
    "Resting Segmental Wall Motion Analysis": [f"Contraction is delayed in the {STRING}."],
    "Left Ventricle": [f"The ejection fraction lies between {NUMERICAL} and {NUMERICAL} %."],
}
SECTIONS = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)


@dataclass(frozen=True)
class SyntheticPhrases:
    """Section → group → templates, and where each phrase of the language is: phrase key → (section_id, phrase_id)."""

    groups: dict[str, dict[str, list[str]]]
    places: dict[str, tuple[int, int]]
    extras: dict[str, tuple[int, int]]  # template → place, of the phrases that are not in the language


def phrases_of(language: Language) -> SyntheticPhrases:
    """The phrases of a language as a release lists them."""
    groups: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    keys: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for phrase in language.phrases:
        groups[phrase.section].setdefault(phrase.group, []).append(untyped(phrase))
        keys[phrase.section].setdefault(phrase.group, []).append(phrase.phrase_id)
    places = {
        key: (section_id, position)
        for section_id, section in enumerate(SECTIONS)
        for position, key in enumerate(key for group in keys[section].values() for key in group)
    }
    extras = {}
    for section, templates in EXTRA.items():
        first = sum(len(group) for group in groups[section].values())
        groups[section]["more"] = templates
        extras.update({text: (SECTIONS.index(section), first + at) for at, text in enumerate(templates)})
    return SyntheticPhrases(groups, places, extras)


def untyped(phrase: Phrase) -> str:
    """The template with its typed slot as a release writes it."""
    return phrase.template if phrase.slot is None else phrase.template.replace(f"<{phrase.slot}>", NUMERICAL)


def label_sources(language: Language) -> dict[str, dict[str, Any]]:
    """`per_section.json`: for each phenotype the wordings that make it positive, or that state its number."""
    return {rule.phenotype: _entry(rule, language) for rule in language.labels}


def _entry(rule: LabelRule, language: Language) -> dict[str, Any]:
    if rule.slot is not None:
        stating = [phrase for phrase in language.phrases if phrase.slot == rule.slot]
        low, high = language.slots[rule.slot].low, language.slots[rule.slot].high
        sources = [untyped(phrase).partition(NUMERICAL)[0] + "<#>" for phrase in stating]
        return {
            "section": _sections(stating),
            "mode": "regression",
            "label_sources": sources,
            "range": [low, high],
        }
    stating = [
        phrase
        for phrase in language.phrases
        if any(finding.name == rule.finding and finding.value in rule.positive for finding in phrase.findings)
    ]
    others = [f". {untyped(phrase)}".casefold() for phrase in language.phrases if phrase not in stating]
    sources = [source for phrase in stating if (source := telling(untyped(phrase), others)) is not None]
    return {"section": _sections(stating), "mode": "binary", "label_sources": sources}


def telling(template: str, others: list[str]) -> str | None:
    """The longer part beside the number that no other wording has; None where only the number differs."""
    before, _, after = template.partition(NUMERICAL)
    parts = [f". {before.rstrip()}"] if not after else [f". {before.rstrip()}", after.strip()]
    for part in sorted(parts, key=len, reverse=True):
        if part != ". " and not any(part.casefold() in other for other in others):
            return part
    return None


def _sections(phrases: list[Phrase]) -> str | list[str]:
    return release_names(phrase.section for phrase in phrases)


def release_names(sections: Iterable[str]) -> str | list[str]:
    """Sections as a release names them: one name, or a list."""
    names = sorted({"FNDG_" + section.replace(" ", "_") for section in sections})
    return names[0] if len(names) == 1 else names
