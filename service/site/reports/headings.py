"""Report text → sections, whatever the style of its headings.

Read are ``LEFT VENTRICLE: text``, several of them in one paragraph, a heading on a line of its own (bare, numbered,
``[LV]``, ``**LV**``, ``## LV``, underlined), and ``LV - text``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# Names of echo report sections as laboratories print them (ASE and EACVI report forms, German LV forms), beside the
# bundle's own names; a site adds its own in the mapping.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "Left Ventricle": ("LV", "Ventricle, left", "Left ventricular function", "LV function", "Linker Ventrikel"),
    "Resting Segmental Wall Motion Analysis": (
        "Wall motion",
        "Regional wall motion",
        "Segmental wall motion",
        "WM",
        "Segmentale Wandbewegung in Ruhe",
        "Wandbewegung",
    ),
    "Right Ventricle": ("RV", "Ventricle, right", "Right ventricular function", "Rechter Ventrikel"),
    "Left Atrium": ("LA", "Atrium, left", "Linker Vorhof"),
    "Right Atrium": ("RA", "Atrium, right", "Rechter Vorhof"),
    "Atrial Septum": ("IAS", "Interatrial septum", "Septum, atrial", "Vorhofseptum"),
    "Mitral Valve": ("MV", "Valve, mitral", "Mitral", "Mitralklappe"),
    "Aortic Valve": ("AV", "AoV", "Valve, aortic", "Aortenklappe"),
    "Tricuspid Valve": ("TV", "Valve, tricuspid", "Tricuspid", "Trikuspidalklappe"),
    "Pulmonic Valve": ("PV", "Pulmonary valve", "Valve, pulmonic", "Pulmonalklappe"),
    "Pericardium": ("Pericardial space", "Peric", "Perikard"),
    "Aorta": ("Ao", "Aortic root", "Great vessels"),
    "IVC": ("Inferior vena cava", "Vena cava", "Venous", "Vena cava inferior"),
    "Pulmonary Artery": ("PA", "Pulmonary pressure", "Pulmonalarterie"),
    "Pulmonary Veins": ("PVs", "Pulmonary vein", "Pulmonalvenen"),
    "Postoperative Findings": ("Postoperative", "Postop", "Postoperative Befunde"),
}
# Headings under which no section's findings stand: read so that their text is left out.
_IGNORED = (
    "Indication", "Indications", "Reason for study", "History", "Clinical history", "Patient", "Patient name", "Name",
    "Date", "Date of study", "DOB", "Date of birth", "MRN", "Accession", "Referring physician", "Referred by",
    "Technique", "Procedure", "Study quality", "Image quality", "Measurements", "Findings", "Impression",
    "Impressions", "Conclusion", "Conclusions", "Summary", "Comments", "Comment", "Recommendation", "Recommendations",
    "Signed by", "Electronically signed by", "Interpreting physician", "Sonographer", "Comparison", "Addendum",
    "Beurteilung", "Anamnese", "Fragestellung", "Befund", "Unterschrift", "Untersucher", "Zuweiser",
)  # fmt: skip
_UNKNOWN = r"(?P<unknown>[A-ZÄÖÜ][A-ZÄÖÜ /&()-]{4,38}[A-ZÄÖÜ)])[ \t]*:"


@dataclass(frozen=True)
class SplitReport:
    """A report by section. ignored: headings whose text was left out. loose: text before the first heading."""

    sections: Mapping[str, str]
    ignored: tuple[str, ...]
    loose: str


@dataclass(frozen=True)
class HeadingMap:
    """Knows the headings of a site. sections: the bundle's names; own: section → the site's names for it."""

    sections: Sequence[str]
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    _meaning: dict[str, str | None] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        meaning: dict[str, str | None] = dict.fromkeys(map(_key, (*_IGNORED, *self.ignored)))
        for section in self.sections:
            for name in (section, *_ALIASES.get(section, ()), *self.own.get(section, ())):
                meaning[_key(name)] = section
        object.__setattr__(self, "_meaning", meaning)
        object.__setattr__(self, "_pattern", _pattern(meaning))

    def split(self, text: str) -> SplitReport:
        """The text by section. Text of a section that comes twice is joined."""
        sections: dict[str, list[str]] = {}
        ignored: list[str] = []
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        found = list(self._pattern.finditer(text))
        ends = [*(match.start() for match in found[1:]), len(text)][: len(found)]
        for match, end in zip(found, ends, strict=True):
            name = match["line"] or match["inline"] or match["unknown"]
            section = self._meaning.get(_key(name))
            if section is None:
                ignored.append(_key(name))
            else:
                sections.setdefault(section, []).append(text[match.end() : end].strip(" \t\n-=_*"))
        loose = text[: found[0].start()] if found else text
        joined = {name: content for name, parts in sections.items() if (content := "\n".join(filter(None, parts)))}
        return SplitReport(joined, tuple(ignored), loose.strip())


def _key(name: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", name).casefold().split())


def _pattern(meaning: Mapping[str, str | None]) -> re.Pattern[str]:
    """One pattern for all headings: with words between which any punctuation may stand, longest first."""
    names = sorted(filter(None, meaning), key=len, reverse=True)
    known = "|".join(r"[^\w\n]{1,3}".join(map(re.escape, name.split())) for name in names)
    number = r"(?:\d{1,2}[.)][ \t]*)?"
    opening, closing = r"[\[*#_ \t]*", r"[\]*_ \t]*"
    line = rf"^{number}{opening}(?P<line>{known}){closing}(?:[:][*_ \t]*|[ \t][-–—][ \t]|$(?:\n[-=_*]{{3,}}[ \t]*$)?)"
    inline = rf"(?<=[.!?;])[ \t]+(?P<inline>{known})[ \t]*:"
    return re.compile(rf"(?:(?i:{line}|{inline})|^{opening}{_UNKNOWN})", re.MULTILINE)
