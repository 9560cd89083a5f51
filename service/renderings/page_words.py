"""The service's own words around a report: headings, notices, marks, tables, and its warnings, per language.

What is said of the heart comes from phrase files (`model/report/language/translation.py`), its names from
`service/modalities`; here is what the service says itself. The words of a language are a file of `words/`. What a file
lacks is said in English, and `lacking` names it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from model.report.request import ReportWarning
from model.study import SkipReason
from service.modalities.word_files import read_words

_FOLDER = Path(__file__).parent / "words"
Table = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """Words of one language; `words/en.yaml` shows each.

    warnings: code → its text, where ``{name}`` stands for a detail of the warning.
    skip_reasons: code → why a clip was skipped; a code that is not there keeps the English text it comes with.
    drop_reasons: why a sentence was left out, by its English words.
    lacking: keys that the file of this language does not have.
    """

    decimal_mark: str
    percent: str
    title: str
    final_title: str
    draft_notice: str
    final_notice: str
    editions: Table
    demonstration_notice: str
    draft_mark: str
    demonstration_mark: str
    unlike_mark: str
    warnings_heading: str
    no_warnings: str
    page_of: str
    lacking_letters: str
    unlike_notice: str
    status: str
    study: str
    statuses: Table
    modes: Table
    header: str
    posted: str
    views: str
    frame_rates: str
    frame_rate: str
    unknown_rate: str
    frame_rate_sources: Table
    quality: str
    qualities: Table
    limits: Table
    impression: str
    rests_on: Table
    measurements: str
    phenotypes: str
    clips: str
    columns: Table
    sources: Table
    count: str
    range: str
    called: Table
    not_assessed: str
    no_clip_used: str
    no_informative_view: str
    study_unlike: str
    no_reason: str
    no_sentence: str
    from_clips: str
    more_clips: str
    not_shown: str
    from_frame: str
    skipped: str
    estimated: str
    foreign_number: str
    made_by: str
    made_of: Table
    parts: Table
    reasons: Table
    warnings: Table
    drop_reasons: Table
    skip_reasons: Table
    lacking: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, given: Mapping[str, Any], english: Self | None = None) -> Self:
        """The words that a file states, over the English ones."""
        base: dict[str, Any] = {} if english is None else dict(vars(english))
        merged: dict[str, Any] = {**base, **given}
        for name, value in given.items():
            if isinstance(value, Mapping):
                merged[name] = {**base.get(name, {}), **value}
        merged["lacking"] = () if english is None else tuple(_lacking(base, given))
        return cls(**merged)

    def places(self, section: str, sentences: Sequence[int]) -> str:
        """A section with the numbers of its sentences, counted from 1."""
        if not sentences:
            return section
        counted = ", ".join(str(at + 1) for at in sentences)
        return self.rests_on["one" if len(sentences) == 1 else "several"].format(section=section, sentences=counted)

    def warning(self, warning: ReportWarning) -> str:
        """The text of a warning. Raises KeyError for a code that has no English text."""
        details = dict(warning.details)
        if "reason" in details:
            details["reason"] = self.drop_reasons.get(details["reason"], details["reason"])
        return self.warnings[warning.code].format(**details)

    def number(self, value: float, digits: int = 3) -> str:
        """A number with so many significant digits and this language's decimal mark."""
        return f"{value:.{digits}g}".replace(".", self.decimal_mark)

    def share(self, value: float) -> str:
        """A share in percent; one that is not quite none or all is not said to be."""
        rounded = f"{100 * value:.0f}"
        if 0 < value < 1 and rounded in {"0", "100"}:
            rounded = "<1" if rounded == "0" else ">99"
        return self.percent.format(value=rounded)


def _lacking(base: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Keys of the English words, and reasons of skipped clips, that a language does not have."""
    skipped = {reason.value: "" for reason in SkipReason}
    for name, value in base.items():
        wanted = skipped if name == "skip_reasons" else value
        if name == "lacking":
            continue
        if isinstance(wanted, Mapping):
            yield from (f"{name}.{key}" for key in wanted if key not in given.get(name, {}))
        elif name not in given:
            yield name


ENGLISH = PageWords.of(read_words(_FOLDER, "en"))
_WORDS = {
    path.stem: PageWords.of(read_words(_FOLDER, path.stem), ENGLISH)
    for path in sorted(_FOLDER.glob("*.yaml"))
    if path.stem != "en"
}
GERMAN = _WORDS["de"]


def words_of(lang: str) -> PageWords:
    """The words of a language tag; English where there are none, all of them lacking."""
    return _WORDS.get(lang) or (ENGLISH if lang == "en" else PageWords.of({}, ENGLISH))
