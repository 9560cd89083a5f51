"""Which value a report gives a finding: what neighbours say of it, beside what the decoder reads off the vectors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from model.report.language.language import Finding

# The weight of the finding head against that of the neighbours, and how far a rare value is preferred to a common one
# of equal probability (0: not at all, 1: by how much likelier it is than usual). Reports are scored by the mean over
# findings, rare and common ones alike. Both were chosen on the tuning range: LOG L-061.
HEAD_WEIGHT = 0.7
RARITY = 0.4
_RAREST = 0.005  # share below which a value counts as no rarer: one study in 200, a handful of those trained on


@dataclass(frozen=True)
class Seen:
    """What the finding head tells. probability: 0..1. share: of its training that had the value, above 0."""

    probability: float
    share: float


def settled_values(
    votes: Mapping[Finding, float], seen: Mapping[Finding, Seen], sayable: Iterable[Finding]
) -> dict[str, str]:
    """Name → its value, for names that neighbours state or the head knows.

    votes: support of what neighbours state. seen: the head's, of the values that it learned. sayable: what some
    sentence can say. The neighbours alone decide on a value that the head never learned, and on names it does not know.
    """
    values: dict[str, list[Finding]] = {}
    for finding in dict.fromkeys([*votes, *sayable]):
        values.setdefault(finding.name, []).append(finding)
    return {
        name: _settle(given, votes, seen)
        for name, given in values.items()
        if any(finding in votes or finding in seen for finding in given)
    }


def _settle(values: list[Finding], votes: Mapping[Finding, float], seen: Mapping[Finding, Seen]) -> str:
    """The value of one name; the first of equals."""
    learned = [finding for finding in values if finding in seen]
    if not learned:
        return max(values, key=lambda finding: votes.get(finding, 0.0)).value
    spoken = sum(votes.get(finding, 0.0) for finding in values)
    vote = {finding: votes.get(finding, 0.0) / spoken if spoken else 0.0 for finding in values}
    reported = sum(seen[finding].probability for finding in learned)
    share = sum(seen[finding].share for finding in learned)
    # The head divides what neighbours give to the values that it learned; without neighbours it has all to give.
    mass = sum(vote[finding] for finding in learned) if spoken else 1.0

    def score(finding: Finding) -> float:
        if finding not in seen:
            return float(vote[finding] * len(values) ** RARITY)
        head = mass * seen[finding].probability / max(reported, 1e-9)
        rarity = max(_RAREST, seen[finding].share / share)
        blended = HEAD_WEIGHT * head + (1 - HEAD_WEIGHT) * vote[finding]
        return float(blended / rarity**RARITY)

    return max(values, key=score).value
