"""Reports in a further language: the wordings of a phrase bank in other words, and sentences carried over by meaning.

The file is JSON (`model/echo/phrases/de.json` is one), keyed to the phrase bank that it translates:

    language        its tag (BCP 47); translates: the tag of the bank; decimal_mark
    sections        section → its heading in this language
    phrases         phrase_id → wording; where the phrase has a slot, [wording with <slot_name>, wording without]
    contradictions  name of a rule → its text

Findings, slots, bands and labels are those of the bank, so every language says the same. For what a file leaves out the
bank's words are used, and the answer says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from model.errors import LanguageError
from model.report.language.language import Contradiction, Language, Phrase
from model.report.language.phrase_reader import PhraseReader


@dataclass(frozen=True)
class Translation:
    """A language that says what another one says.

    language: the phrases that the file has, with the ids, findings and slots of the bank. headings: section → heading.
    """

    language: Language
    headings: Mapping[str, str]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], source: Language) -> Self:
        """The translation that a parsed file states. Raises LanguageError naming the entry that does not fit."""
        try:
            if fields["translates"] != source.language:
                raise LanguageError(f"translates {fields['translates']!r}, the phrase bank is {source.language!r}")
            _refuse_unknown("phrases", fields["phrases"], source.by_id)
            _refuse_unknown("contradictions", fields["contradictions"], [rule.name for rule in source.contradictions])
            worded = [_worded(phrase, fields["phrases"]) for phrase in source.phrases]
            language = replace(
                source,
                language=fields["language"],
                phrases=tuple(phrase for phrase in worded if phrase is not None),
                contradictions=tuple(_reported(rule, fields["contradictions"]) for rule in source.contradictions),
                decimal_mark=fields["decimal_mark"],
            )
            return cls(language, {str(name): str(heading) for name, heading in fields["sections"].items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise LanguageError(f"translation: {error!r}") from error

    @classmethod
    def read(cls, path: Path, source: Language) -> Self:
        """The translation in a file. Raises LanguageError, naming the file."""
        try:
            return cls.from_fields(json.loads(path.read_text(encoding="utf-8")), source)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise LanguageError(f"{path}: cannot be read as a translation ({error})") from error
        except LanguageError as error:
            raise LanguageError(f"{path}: {error}") from error


class Translator:
    """Translates sentences of one language into another.

    A sentence is read as a phrase, by the same reader that labels come from. The same phrase is then written in the
    other language with the same number. Nothing is guessed: a sentence that is no phrase, or whose number cannot be
    written, has no translation.
    """

    def __init__(self, source: Language, target: Translation) -> None:
        self.lang = target.language.language
        self._reader = PhraseReader(source)
        self._target = target
        reported = {rule.name: rule.text for rule in target.language.contradictions}
        self._contradictions = {rule.text: reported[rule.name] for rule in source.contradictions}

    def sentence(self, section: str, text: str) -> str | None:
        """The sentence in the target language; None where it has no translation."""
        reading = self._reader.read_sentence(section, text)
        phrase = None if reading.phrase is None else self._target.language.by_id.get(reading.phrase.phrase_id)
        if phrase is None or (reading.value is None and any(map(str.isdecimal, text))):
            return None
        if phrase.slot is None or reading.value is None:
            return None if "<" in text else phrase.numberless  # a placeholder that nobody filled is no sentence
        return phrase.template.replace(f"<{phrase.slot}>", self._number(phrase.slot, reading.value))

    def _number(self, slot: str, value: float) -> str:
        """The number with the slot's decimals; one that was stated more finely keeps what it has."""
        language = self._target.language
        if language.slots[slot].as_stated(value) == value:
            return language.number(slot, value)
        return f"{value:.6g}".replace(".", language.decimal_mark)

    def heading(self, section: str) -> str:
        """The heading of a section, its name where the language has none."""
        return self._target.headings.get(section, section)

    def contradiction(self, text: str) -> str:
        """What the target language says of a broken rule; the text itself where it is of no rule."""
        return self._contradictions.get(text, text)


def _refuse_unknown(table: str, given: Mapping[str, Any], known: Any) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise LanguageError(f"{table}: {unknown[0]!r} is not in the phrase bank")


def _worded(phrase: Phrase, wordings: Mapping[str, Any]) -> Phrase | None:
    """The phrase in other words; None where the file has none. Raises LanguageError when slots differ."""
    if phrase.phrase_id not in wordings:
        return None
    given = wordings[phrase.phrase_id]
    template, numberless = (given, given) if isinstance(given, str) else given
    worded = replace(phrase, template=template, numberless=numberless)
    if worded.slot != phrase.slot:
        raise LanguageError(f"phrases: {phrase.phrase_id!r} has the slot {worded.slot}, the phrase bank {phrase.slot}")
    return worded


def _reported(rule: Contradiction, texts: Mapping[str, str]) -> Contradiction:
    return replace(rule, text=texts.get(rule.name, rule.text))
