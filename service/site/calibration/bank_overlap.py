"""Which studies and patients of a site are candidates of its bank: they would find themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from index.candidate_bank import CandidateBank
from service.site.bank.bank_folder import KEY_CHECK
from service.site.identity.pseudonyms import Pseudonyms, read_pseudonyms


@dataclass(frozen=True)
class BankOverlap:
    """pseudonyms None: nothing can be told, and `note` says why."""

    pseudonyms: Pseudonyms | None
    patients: frozenset[str]
    studies: frozenset[str]
    note: str

    @classmethod
    def of(cls, bank: CandidateBank, folder: Path, key_file: Path | None) -> Self:
        """The overlap with a bank in a folder, by the key that made its pseudonyms.

        Raises ValueError for another key, BankRefused for a key that cannot be read.
        """
        if not bank.has_keys:
            return cls(None, frozenset(), frozenset(), "studies in the bank: not checked, it has no pseudonyms")
        if key_file is None:
            return cls(None, frozenset(), frozenset(), "studies in the bank: not checked, --key-file was not given")
        pseudonyms = read_pseudonyms(key_file)
        check = folder / KEY_CHECK
        if check.is_file() and check.read_text(encoding="utf-8") != pseudonyms.key_check:
            raise ValueError(f"{key_file}: is not the key that made the pseudonyms of {folder}")
        patients, studies = bank.keys(np.arange(bank.manifest.candidates))
        return cls(pseudonyms, frozenset(patients), frozenset(studies), "")

    def reason(self, study: str, patient: str | None) -> str | None:
        """Why a study must not be measured on, None where nothing is known against it."""
        if self.pseudonyms is None:
            return None
        if self.pseudonyms.of("study", study) in self.studies:
            return "its study is a candidate of the bank"
        if patient and self.pseudonyms.of("patient", patient) in self.patients:
            return "its patient has a candidate in the bank"
        return None
