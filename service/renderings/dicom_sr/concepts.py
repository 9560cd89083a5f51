"""Concepts and texts as DICOM writes them: coded entries, units, and strings within their limits (PS3.5, 6.2)."""

import unicodedata
from typing import Final
from uuid import UUID, uuid5

from highdicom.sr import CodedConcept

from service.modalities.codes import LOCAL, Code, ModalityCodes
from service.renderings.ucum import ucum_code

OURS: Final = "99ECHOSCRIBE"  # a private coding scheme: 99 and a name, 16 characters at most (PS3.16, 8.2)
_LONG_STRING: Final = 64  # LO
_ROOT: Final = UUID("6d3a1f0e-52c5-4b7c-9a55-1b1d0b1b9d0e")  # of our names; drawn once

PRESENT: Final = CodedConcept("52101004", "SCT", "Present")
ABSENT: Final = CodedConcept("272519000", "SCT", "Absent")
ESTIMATED: Final = CodedConcept("414135002", "SCT", "Estimated")
UPPER: Final = CodedConcept("371886008", "SCT", "+, range of upper measurement uncertainty")
LOWER: Final = CodedConcept("371885007", "SCT", "-, range of lower measurement uncertainty")
COMMENT: Final = CodedConcept("121106", "DCM", "Comment")
FINDING: Final = CodedConcept("121071", "DCM", "Finding")
IMPRESSION: Final = CodedConcept("121073", "DCM", "Impression")
QUALITATIVE: Final = CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")  # PS3.16 TID 1500, row 12
PROCEDURE: Final = CodedConcept("363679005", "SCT", "Imaging procedure")  # where the modality states none
_LANGUAGES: Final = {"en": "English", "de": "German"}


def coded(code: Code) -> CodedConcept:
    """The concept of a code; one of ours stands in our own scheme."""
    return CodedConcept(code.code, OURS if code.system == LOCAL else code.system, line(code.display))


def named(codes: ModalityCodes, name: str, word: str, code: Code | None) -> CodedConcept:
    """The concept of a quantity or finding: its code, else its own name in our scheme."""
    return coded(code or codes.local(name, word))


def unit_of(unit: str | None) -> CodedConcept | None:
    """The unit as UCUM codes it, None where it does not."""
    code = ucum_code(unit)
    return None if code is None else CodedConcept(code, "UCUM", unit or "no units")


def language_of(tag: str) -> CodedConcept:
    """The language of the report (RFC 5646)."""
    return CodedConcept(tag or "en", "RFC5646", _LANGUAGES.get(tag or "en", tag))


def line(text: str) -> str:
    """The text as one line of a Long String."""
    return plain(text.replace("\\", "/").replace("\n", " "))[:_LONG_STRING].strip()


def plain(text: str) -> str:
    """The text without characters that steer, and never empty."""
    kept = "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs"})
    return kept.strip().replace("\n", "\r\n") or "-"


def uid_of(*names: str) -> str:
    """A UID for names, the same each time (PS3.5, B.2: made of a UUID)."""
    return f"2.25.{uuid5(_ROOT, chr(0).join(names)).int}"
