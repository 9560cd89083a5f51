"""The phrases that a bank's reports are made of: one row per wording, and how a row becomes text."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from index.errors import BankCorrupt

PHRASES_FILE = "phrases.json"
_PLACEHOLDER = re.compile(r"<[A-Za-z_][A-Za-z0-9_]*>")  # not "<2mm" and not "< 90 ms", which reports do say
UNTYPED = frozenset({"numerical", "string"})  # slots of which only the kind of their value is known
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class PhraseRow:
    """One wording of one section.

    phrase_id: its row number in the table, counted over all sections. group: the heading it is listed under.
    template: wording with ``<slot>`` placeholders. numberless: the same said without any value, empty where nothing is
    left to say.
    slot: name of the placeholder, None without one; ``numerical`` and ``string`` are untyped.
    key: id of the phrase in its report language, None where it belongs to none.
    says: what a wording without a key states; wordings that state the same count together.
    """

    phrase_id: int
    section: str
    group: str
    template: str
    numberless: str
    slot: str | None
    key: str | None = None
    says: str | None = None

    def text(self, value: float | str | None, mark: str = "") -> str:
        """The wording with `value` in every placeholder, `mark` after each; `numberless` where value is None."""
        if self.slot is None:
            return self.template
        if value is None:
            return self.numberless
        filled = f"{spoken(value)} {mark}".strip()
        return _PLACEHOLDER.sub(lambda _: filled, self.template)

    @property
    def meaning(self) -> str:
        """What wordings of the same findings share: their key without its number, what they say, or the wording."""
        stem, _, number = (self.key or "").rpartition(".")
        return stem if stem and number.isdecimal() else self.says or self.template

    @property
    def holds_digits(self) -> bool:
        """True when the fixed wording itself states a number, such as a reference range."""
        return _DIGIT.search(_PLACEHOLDER.sub("", self.template) + self.numberless) is not None

    @property
    def may_be_copied(self) -> bool:
        """Whether a writer may say this wording of another study: it has words of its own and no number.

        A number that nobody understands cannot be filled in, so the wording must make sense without it.
        """
        if (self.slot in UNTYPED and not self.numberless) or (self.slot is None and _PLACEHOLDER.search(self.template)):
            return False
        return not self.holds_digits and _LETTER.search(_PLACEHOLDER.sub("", self.template)) is not None


@dataclass(frozen=True)
class PhraseTable:
    """All phrases of a bank, by id. Raises ValueError when ids are not the row numbers."""

    rows: tuple[PhraseRow, ...]

    def __post_init__(self) -> None:
        for position, row in enumerate(self.rows):
            if row.phrase_id != position:
                raise ValueError(f"phrase {row.template!r}: phrase_id is {row.phrase_id}, its row number is {position}")
            if row.slot is not None and f"<{row.slot}>" not in row.template:
                raise ValueError(f"phrase {position}: slot {row.slot!r} is not in the template {row.template!r}")

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[PhraseRow]:
        return iter(self.rows)

    def __getitem__(self, phrase_id: int) -> PhraseRow:
        return self.rows[phrase_id]

    def text(self, phrase_id: int, value: float | str | None, mark: str = "") -> str:
        """The wording of a phrase with its value; see `PhraseRow.text`."""
        return self.rows[phrase_id].text(value, mark)

    def section_codes(self, sections: Sequence[str]) -> list[int]:
        """Position in `sections` of each phrase's section. Raises ValueError naming a section that is not there."""
        codes = {name: code for code, name in enumerate(sections)}
        for row in self.rows:
            if row.section not in codes:
                raise ValueError(f"phrase {row.phrase_id} belongs to section {row.section!r}, the bank has {sections}")
        return [codes[row.section] for row in self.rows]

    def write(self, folder: Path) -> None:
        """Writes the table as `phrases.json`."""
        rows = ",\n".join(json.dumps(_fields(row), ensure_ascii=False) for row in self.rows)
        (folder / PHRASES_FILE).write_text(f"[\n{rows}\n]\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, copy: Path | None = None) -> Self:
        """The table of a bank folder, or of a copy of its file. Raises BankCorrupt naming the file."""
        path = folder / PHRASES_FILE
        try:
            rows: list[dict[str, Any]] = json.loads((copy or path).read_text(encoding="utf-8"))
            return cls(tuple(PhraseRow(**row) for row in rows))
        except (OSError, ValueError, TypeError) as error:
            raise BankCorrupt(f"{path}: cannot be read as a phrase table ({error})") from error


def _fields(row: PhraseRow) -> dict[str, Any]:
    """The row as JSON; `says` only where it is known."""
    fields = asdict(row)
    return fields if row.says is not None else {name: value for name, value in fields.items() if name != "says"}


def spoken(value: float | str) -> str:
    """A value as a report says it: at most six significant digits, no trailing zeros, text unchanged.

    Six, because values are kept as float32, which holds about seven.
    """
    return value if isinstance(value, str) else f"{value:.6g}"
