"""A report as a person left it: which version it is, who changed it, and what a change asks for."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from service.documents.document import Document

EditionState = Literal["draft", "final"]
MOST_CHARACTERS: Final = 20_000  # of a section; the longest of 1.23 million published ones has under 4,000
MOST_STATEMENTS: Final = 50  # of an impression; a draft has seven at most
_MOST_NAME: Final = 120
_MOST_REASON: Final = 1000


def _plain(text: str) -> str:
    """The text with one kind of line break. Raises ValueError for characters that no text has."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if any((ord(letter) < 32 and letter not in "\n\t") or 0xD800 <= ord(letter) < 0xE000 for letter in text):
        raise ValueError("holds control characters")
    return text


def _named(text: str) -> str:
    """One line that says something. Raises ValueError."""
    text = _plain(text)
    if not text or "\n" in text:
        raise ValueError("must be one line that is not empty")
    return text


SectionText = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_plain)]
Statement = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_named)]
Version = Annotated[int, Field(ge=0, description="The version that this was made from; 0 is the machine's draft.")]


class ReportEdit(Document):
    """What `PATCH /report/{study_id}` changes; what it does not name stays."""

    version: Version
    sections: dict[str, SectionText] = Field(default={}, description="Section → its whole text; empty leaves it out.")
    impression: list[Statement] | None = Field(
        None, max_length=MOST_STATEMENTS, description="All statements, in order; null leaves the impression as it is."
    )


class Signature(Document):
    """Makes a version final. Who signs is believed as far as the key of the call is."""

    version: Version
    signed_by: Annotated[str, Field(max_length=_MOST_NAME), AfterValidator(_named)]


class Amendment(Document):
    """Opens a final version again, as a new draft."""

    version: Version
    reason: Annotated[str, Field(max_length=_MOST_REASON), AfterValidator(_named)]


class EditionOut(Document):
    """Which version of the report this is. Version 0, the machine's draft, has none of the rest."""

    version: int
    state: EditionState
    created: datetime
    key: str | None = Field(description="Id of the key that made it; null where there are no keys.")
    signed_by: str | None = Field(None, description="Of a final version.")
    amends: int | None = Field(None, description="The final version that this one, or one before it, was opened from.")
    reason: str | None = Field(None, description="Why it was amended.")


class SectionChange(Document):
    """Sentences that a version took out of a section, or of the impression, and put into it."""

    section: str | None = Field(description="Null for the impression.")
    removed: list[str]
    added: list[str]


class EditionChanges(Document):
    """A version and what it changed of the one before."""

    edition: EditionOut
    changes: list[SectionChange]


class EditionList(Document):
    """Every version of a report, the machine's draft first."""

    study_id: str
    versions: list[EditionChanges]


class SignedFeedback(Document):
    """What a physician changed of a draft before signing it: for whoever trains the next bundle."""

    study_id: str
    created: datetime
    signed: datetime
    mode: str
    lang: str
    bundle: str | None
    bundle_sha256: str | None
    draft: dict[str, str] = Field(description="Section → text of the machine's draft.")
    final: dict[str, str] = Field(description="Section → signed text.")
    draft_impression: list[str]
    final_impression: list[str]
    changes: list[SectionChange] = Field(description="Of the signed version against the machine's draft.")


class FeedbackPage(Document):
    """Signed reports, newest first; `next` is the `after` of the following page."""

    signed: list[SignedFeedback]
    next: str | None
