"""Report text → blocks under headings, whatever the style of the headings.

Read are ``LEFT VENTRICLE: text``, several of them in one paragraph, a heading on a line of its own (bare, numbered,
``[LV]``, ``**LV**``, ``## LV``, underlined), and ``LV - text``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import yaml

BlockKind = Literal["section", "narrative", "impression", "ignored", "unknown", "loose"]
_UNKNOWN = r"(?P<unknown>[A-ZÄÖÜ][A-ZÄÖÜ /&()-]{4,38}[A-ZÄÖÜ)])[ \t]*:"


class Block(NamedTuple):
    """Text under one heading. section: of a block of one section; loose: text before the first heading."""

    kind: BlockKind
    section: str | None
    heading: str
    text: str


@dataclass(frozen=True)
class Headings:
    """Names of headings. sections: section → names; the others: names by what stands under them.

    begins: those that name whose report it is; with another text they begin another report.
    """

    sections: Mapping[str, Sequence[str]]
    narrative: Sequence[str] = ()
    impression: Sequence[str] = ()
    ignored: Sequence[str] = ()
    begins: Sequence[str] = ()
    _meaning: dict[str, tuple[BlockKind, str | None]] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The headings of a modality's `sections.yaml`."""
        data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return cls(
            {section: (section, *_names(names)) for section, names in data["headings"].items()},
            _names(data["narrative"]),
            _names(data["impression"]),
            _names(data["ignored"]),
            _names(data.get("begins", "")),
        )

    def with_own(
        self, sections: Sequence[str], own: Mapping[str, Sequence[str]], ignored: Sequence[str] = ()
    ) -> "Headings":
        """These headings for a bundle's sections, with a site's own names."""
        named = {section: (section, *self.sections.get(section, ()), *own.get(section, ())) for section in sections}
        return replace(self, sections=named, ignored=(*self.ignored, *ignored))

    def __post_init__(self) -> None:
        meaning: dict[str, tuple[BlockKind, str | None]] = {}
        kinds: tuple[tuple[BlockKind, Sequence[str]], ...] = (
            ("narrative", self.narrative), ("impression", self.impression), ("ignored", self.ignored)
        )  # fmt: skip
        for kind, names in kinds:
            meaning |= {heading_key(name): (kind, None) for name in names}
        for section, names in self.sections.items():
            meaning |= {heading_key(name): ("section", section) for name in names}
        for name in self.ignored:  # a site's word that a heading is to be left out is the last one
            meaning[heading_key(name)] = ("ignored", None)
        object.__setattr__(self, "_meaning", meaning)
        object.__setattr__(self, "_pattern", _pattern(meaning))

    def blocks(self, text: str) -> list[Block]:
        """The blocks of a text in order; a text without a heading is one loose block."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        found = list(self._pattern.finditer(text))
        ends = [*(match.start() for match in found[1:]), len(text)][: len(found)]
        before = (text[: found[0].start()] if found else text).strip()
        blocks = [Block("loose", None, "", before)] if before else []
        for match, end in zip(found, ends, strict=True):
            name = match["line"] or match["inline"] or match["unknown"]
            kind, section = self._meaning.get(heading_key(name), ("unknown", None))
            blocks.append(Block(kind, section, name, text[match.end() : end].strip(" \t\n-=_*")))
        return blocks

    def reports(self, text: str) -> int:
        """How many reports a text holds: another begins where it names another patient or goes through the heart again.

        The latter only after an impression: a report may come back to a section before it ends.
        """
        begins, count = {heading_key(name) for name in self.begins}, 1
        seen: dict[str, str] = {}
        ended = False
        for block in self.blocks(text):
            key = block.section or heading_key(block.heading)
            named_anew = key in begins and seen.get(key, block.text) != block.text
            if named_anew or (ended and key in seen and block.kind in ("section", "narrative")):
                count, ended, seen = count + 1, False, {}
            seen.setdefault(key, block.text)
            ended = ended or block.kind == "impression"
        return count


def heading_key(name: str) -> str:
    """The name in small letters without punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", name).casefold().split())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split("|") if (name := " ".join(part.split())))


def _pattern(meaning: Mapping[str, object]) -> re.Pattern[str]:
    """One pattern for all headings: with words between which any punctuation may stand, longest first."""
    names = sorted(filter(None, meaning), key=len, reverse=True)
    known = "|".join(r"[^\w\n]{1,3}".join(map(re.escape, name.split())) for name in names)
    number = r"(?:\d{1,2}[.)][ \t]*)?"
    opening, closing = r"[\[*#_ \t]*", r"[\]*_ \t]*"
    line = rf"^{number}{opening}(?P<line>{known}){closing}(?:[:][*_ \t]*|[ \t][-–—][ \t]|$(?:\n[-=_*]{{3,}}[ \t]*$)?)"
    inline = rf"(?<=[.!?;])[ \t]+(?P<inline>{known})[ \t]*:"
    return re.compile(rf"(?:(?i:{line}|{inline})|^{opening}{_UNKNOWN})", re.MULTILINE)
