"""One version of a report that a person made, and the versions that may follow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from service.documents.edition import Amendment, EditionOut, EditionState, ReportEdit, Signature
from service.editing_errors import ReportFinal, ReportNotFinal, VersionConflict
from service.errors import InvalidField


@dataclass(frozen=True)
class Edition:
    """A version and everything that it says otherwise than the machine's draft.

    number: from 1; 0 is the draft itself. sections: name → text. impression: None where it is the draft's.
    """

    number: int
    state: EditionState
    created: datetime
    key: str | None = None
    signed_by: str | None = None
    amends: int | None = None
    reason: str | None = None
    sections: Mapping[str, str] = field(default_factory=dict)
    impression: tuple[str, ...] | None = None

    def out(self) -> EditionOut:
        """As an answer shows it."""
        return EditionOut(
            version=self.number,
            state=self.state,
            created=self.created,
            key=self.key,
            signed_by=self.signed_by,
            amends=self.amends,
            reason=self.reason,
        )

    def edited(self, edit: ReportEdit, key: str | None, sections: Sequence[str]) -> "Edition":
        """The next draft. Raises VersionConflict, ReportFinal or InvalidField."""
        self._require_base(edit.version)
        if self.state == "final":
            raise ReportFinal(f"version {self.number} is signed: amend it first", field="version")
        if unknown := [name for name in edit.sections if name not in sections]:
            # which ones is not said: they are the client's text
            text = f"sections: {len(unknown)} of them are none of this report, which has {', '.join(sections)}"
            raise InvalidField(text, field="sections")
        if not edit.sections and edit.impression is None:
            raise InvalidField("sections: nothing is changed", field="sections")
        impression = self.impression if edit.impression is None else tuple(edit.impression)
        return self._next(key, sections={**self.sections, **edit.sections}, impression=impression)

    def signed(self, signature: Signature, key: str | None) -> "Edition":
        """The final version. Raises VersionConflict or ReportFinal."""
        self._require_base(signature.version)
        if self.state == "final":
            raise ReportFinal(f"version {self.number} is signed already", field="version")
        return self._next(key, state="final", signed_by=signature.signed_by)

    def amended(self, amendment: Amendment, key: str | None) -> "Edition":
        """A new draft of a final version. Raises VersionConflict or ReportNotFinal."""
        self._require_base(amendment.version)
        if self.state != "final":
            raise ReportNotFinal(f"version {self.number} is a draft: edit it", field="version")
        return self._next(key, state="draft", amends=self.number, reason=amendment.reason, signed_by=None)

    def _next(self, key: str | None, **changes: object) -> "Edition":
        made = {"number": self.number + 1, "created": datetime.now(UTC), "key": key}
        return replace(self, **{**made, **changes})  # type: ignore[arg-type]  # the names are those of the fields

    def _require_base(self, version: int) -> None:
        if version != self.number:
            text = f"version: {version} is not the newest, which is {self.number}: read that one and change it"
            raise VersionConflict(text, field="version")


def draft_of(created: datetime) -> Edition:
    """Version 0: what the machine wrote."""
    return Edition(0, "draft", created)
