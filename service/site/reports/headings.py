"""Report text → sections, with the headings of a site beside those that laboratories print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model.echo.language.reader import echo_headings
from model.report.clinical_text.headings import Block, Headings, heading_key


@dataclass(frozen=True)
class SplitReport:
    """A report by section. ignored: headings whose text was left out. loose: text before the first heading.

    blocks: everything in order, with the narrative and the impression, which are no section of their own.
    """

    sections: Mapping[str, str]
    ignored: tuple[str, ...]
    loose: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class HeadingMap:
    """Knows the headings of a site. sections: the bundle's names; own: section → the site's names for it."""

    sections: Sequence[str]
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    _headings: Headings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_headings", echo_headings().with_own(self.sections, self.own, self.ignored))

    def split(self, text: str) -> SplitReport:
        """The text by section. Text of a section that comes twice is joined."""
        blocks = self._headings.blocks(text)
        sections: dict[str, list[str]] = {}
        for block in blocks:
            if block.section is not None and block.text:
                sections.setdefault(block.section, []).append(block.text)
        return SplitReport(
            {name: "\n".join(parts) for name, parts in sections.items()},
            tuple(heading_key(block.heading) for block in blocks if block.kind in ("ignored", "unknown")),
            "\n".join(block.text for block in blocks if block.kind == "loose"),
            tuple(blocks),
        )
