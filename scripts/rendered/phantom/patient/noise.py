"""Random numbers by name: changing or adding one variable of a synthetic patient changes no other draw."""

import hashlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

Item = TypeVar("Item")
_STANDARD_NORMAL = NormalDist()
_BITS = 52  # (k + 0.5) / 2^52 is exact in a double and lies strictly between 0 and 1


@dataclass(frozen=True)
class NamedNoise:
    """Independent draws, one for each name; the same key and name always give the same number."""

    key: str

    def child(self, name: str) -> "NamedNoise":
        """Noise that shares no draw with this one."""
        return NamedNoise(f"{self.key}/{name}")

    def uniform(self, name: str) -> float:
        """A number in the open interval (0, 1)."""
        digest = hashlib.blake2b(f"{self.key}:{name}".encode(), digest_size=8).digest()
        return ((int.from_bytes(digest) >> (64 - _BITS)) + 0.5) / (1 << _BITS)

    def normal(self, name: str, mean: float = 0.0, deviation: float = 1.0) -> float:
        """A draw of N(mean, deviation²)."""
        return mean + deviation * _STANDARD_NORMAL.inv_cdf(self.uniform(name))

    def chance(self, name: str, probability: float) -> bool:
        """Whether an event of that probability happens."""
        return self.uniform(name) < probability

    def choice(self, name: str, items: tuple[Item, ...]) -> Item:
        """One of the items, each as likely."""
        return items[int(self.uniform(name) * len(items))]
