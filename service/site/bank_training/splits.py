"""Which candidates train, which set thresholds, which are tested. A patient is on one side with all his studies."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank

Ids = NDArray[np.int64]
_PARTS = 6  # four train, one sets thresholds, one is tested: a third is held out
_KEYS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class CandidateSplit:
    """The split of a bank by patients where it knows them, else by studies; the same for equal seeds."""

    bank: CandidateBank
    seed: int = 0

    @cached_property
    def patients(self) -> Ids:
        """int64 (M,): equal numbers for candidates of one patient."""
        every = np.arange(self.bank.manifest.candidates, dtype=np.int64)
        if not self.bank.has_keys:
            return every
        numbers: dict[str, int] = {}
        found = []
        for start in range(0, len(every), _KEYS_AT_ONCE):
            keys, _ = self.bank.keys(every[start : start + _KEYS_AT_ONCE])
            found += [numbers.setdefault(key, len(numbers)) for key in keys]
        return np.array(found, np.int64)

    @cached_property
    def parts(self) -> NDArray[np.uint8]:
        """uint8 (M,): 0 to 3 train, 4 sets thresholds, 5 is tested."""
        mixed = _mixed(self.patients.astype(np.uint64) + np.uint64(self.seed) * np.uint64(0x9E3779B97F4A7C15))
        return (mixed % np.uint64(_PARTS)).astype(np.uint8)

    @property
    def training(self) -> Ids:
        """Ascending ids of those that train; what all rows, held-out ones too, may read as evidence."""
        return np.flatnonzero(self.parts < _PARTS - 2)

    @property
    def calibration(self) -> Ids:
        """Ascending ids of those that set thresholds."""
        return np.flatnonzero(self.parts == _PARTS - 2)

    @property
    def test(self) -> Ids:
        """Ascending ids of those that are tested."""
        return np.flatnonzero(self.parts == _PARTS - 1)

    def drawn(self, ids: Ids, count: int, stream: int) -> Ids:
        """Some of the ids in drawn order, the same again; fewer where there are fewer."""
        order = np.random.default_rng([self.seed, stream]).permutation(len(ids))
        return ids[order[:count]]


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose neighbours have nothing in common (the finaliser of SplitMix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
