"""Votes → yes or no. A vote is called only by a threshold of its own bank, and only from enough labelled neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from index.manifest import BankManifest
from index.retrieval import PhenotypeVote
from model.bundle import BundleManifest
from model.taxonomy import Phenotype
from service.answer.calibration import Calibration

MIN_LABELLED = 10  # of fewer labels the mean is off by 0.3 and more in one of twenty (binomial, p = 0.5, n = 10)
NO_THRESHOLD = "no_threshold"
TOO_FEW_LABELLED = "too_few_labelled"
OTHER_BANK = "threshold_of_another_bank"
BUNDLE = "bundle"  # source of a threshold that was set when the bundle was trained


@dataclass(frozen=True)
class CallingRules:
    """What decides about a vote.

    thresholds, calibration: by phenotype, empty where they were set on another bank (of_another_bank): the share of
    labelled patients that have a finding differs from bank to bank, and a threshold rests on it.
    min_labelled: neighbours that must carry the label. sources: where thresholds are from, as the bundle says.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    min_labelled: int = MIN_LABELLED
    of_another_bank: bool = False

    @classmethod
    def of(cls, bundle: BundleManifest, bank: BankManifest, min_labelled: int) -> Self:
        """The rules of a bundle beside a bank. A bundle that does not state its bank is taken at its word."""
        stated = bundle.thresholds_bank is not None and bool(bundle.thresholds or bundle.calibration)
        if stated and bundle.thresholds_bank != bank.identity:
            return cls({}, {}, min_labelled, of_another_bank=True)
        return cls(bundle.thresholds, bundle.calibration, min_labelled, sources=bundle.threshold_sources)

    def threshold(self, phenotype: Phenotype) -> float | None:
        """The threshold of a binary phenotype, None without one."""
        return self.thresholds.get(phenotype.name) if phenotype.kind == "binary" else None

    def source(self, phenotype: Phenotype) -> str | None:
        """Where the threshold of a phenotype is from, None without one."""
        return None if self.threshold(phenotype) is None else self.sources.get(phenotype.name, BUNDLE)

    def curve(self, name: str, vote: PhenotypeVote) -> Calibration | None:
        """The calibration of a phenotype, None without one or where too few neighbours are labelled for it to hold."""
        return self.calibration.get(name) if vote.labelled >= self.min_labelled else None

    def called(self, name: str, vote: PhenotypeVote) -> bool | None:
        """Whether a vote reaches its threshold; None without either, or from too few labelled neighbours."""
        threshold = self.thresholds.get(name)
        if threshold is None or vote.value is None or vote.labelled < self.min_labelled:
            return None
        return vote.value >= threshold

    def calls(self, votes: Mapping[str, PhenotypeVote]) -> dict[str, bool]:
        """Phenotype → whether it is called, of those that can be."""
        called = {name: self.called(name, votes[name]) for name in self.thresholds if name in votes}
        return {name: positive for name, positive in called.items() if positive is not None}

    def reason(self, phenotype: Phenotype, vote: PhenotypeVote) -> str | None:
        """Why there is no value, or no call of a binary phenotype."""
        if vote.reason is not None or phenotype.kind != "binary":
            return vote.reason
        if self.threshold(phenotype) is None:
            return OTHER_BANK if self.of_another_bank else NO_THRESHOLD
        return TOO_FEW_LABELLED if vote.labelled < self.min_labelled else None
