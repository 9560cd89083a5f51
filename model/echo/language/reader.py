"""The shipped reader of echo sentences, English and German."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import yaml

from model.report.clinical_text.finding_table import FindingTable
from model.report.clinical_text.grammar import Grammar
from model.report.clinical_text.headings import Headings
from model.report.clinical_text.labels import LabelDefinitions
from model.report.clinical_text.lexicon import Lexicon
from model.report.language.language import Finding, FindingReader, Language
from model.report.language.phrase_reader import PhraseReader


@cache
def echo_headings() -> Headings:
    """The headings of echo reports, read once."""
    with as_file(files("model.echo.language") / "sections.yaml") as path:
        return Headings.read(path)


@cache
def echo_grammar() -> Grammar:
    """The grammar of echo reports, read once. A folder with a `lexicon.yaml` is a language."""
    with as_file(files("model.echo.language") / ".") as folder:
        return read_grammar(Path(folder))


def read_grammar(folder: Path) -> Grammar:
    """The grammar of a folder: a lexicon per language, findings, labels and the subjects of sections."""
    lexicons = {path.parent.name: Lexicon.read(path) for path in sorted(folder.glob("*/lexicon.yaml"))}
    english_first = {name: lexicons[name] for name in sorted(lexicons, key=lambda name: (name != "en", name))}
    subjects = yaml.load((folder / "sections.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    others = yaml.load((folder / "others.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Grammar(
        english_first,
        FindingTable.read(folder / "findings.yaml"),
        LabelDefinitions.read(folder / "labels.yaml"),
        {section: tuple(names.split()) for section, names in subjects["subjects"].items()},
        {name: frozenset(words.split()) for name, words in others.items()},
    )


@cache
def echo_slots() -> Mapping[str, str]:
    """Finding → the slot of the report language that its number fills, read once."""
    text = (files("model.echo.language") / "slots.yaml").read_text(encoding="utf-8")
    slots: dict[str, str] = yaml.load(text, Loader=yaml.CSafeLoader)
    return slots


def finding_reader(language: Language) -> FindingReader:
    """Reads a sentence into findings of the report language: as its phrase, else by the grammar.

    Doubted and former findings are left out. A label that the sentence gives counts as a finding of that label's rule,
    so that "RV dilated" and a call of a normal right ventricle are seen to contradict each other.
    """
    by_words, grammar = PhraseReader(language), echo_grammar()
    name = language.language if language.language in grammar.lexicons else None

    def read(section: str | None, text: str) -> tuple[Finding, ...]:
        reading = by_words.read_sentence(section, text)
        if reading.phrase is not None or name is None:
            return reading.findings
        meaning = grammar.read(text, name, grammar.context(section))
        found = {
            Finding(finding.entity, finding.value): None
            for finding in meaning.findings
            if finding.value is not None and finding.certainty == "stated" and finding.time == "current"
        }
        for rule in language.labels:
            label = meaning.labels.get(rule.phenotype)
            if rule.finding is not None and isinstance(label, str):
                values = rule.positive if label == "yes" else rule.negative
                if values and not any(Finding(rule.finding, value) in found for value in values):
                    found[Finding(rule.finding, values[0])] = None
        return tuple(found)

    return read
