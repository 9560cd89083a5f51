"""Further drafts of a study, drawn in place of taking the likeliest words; the report itself is never drawn."""

from dataclasses import dataclass

from model.report.decoder.sampling import LARGEST_SEED, MOST_SAMPLES, Sampling
from service.answer.text.written import Written
from service.schemas import SampleOut, SampleSection


@dataclass(frozen=True)
class Samples:
    """What is asked for: how many further drafts, and how they are drawn. The first has the seed, each other one more.

    Raises ValueError for a value out of range, which it names with its limits.
    """

    count: int
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SAMPLES:
            raise ValueError(f"samples: must lie in 1..{MOST_SAMPLES}, not {self.count}")
        if not 0 <= self.seed <= LARGEST_SEED - MOST_SAMPLES:
            raise ValueError(f"seed: must lie in 0..{LARGEST_SEED - MOST_SAMPLES}, not {self.seed}")
        assert self.draws  # each checks its own values

    @property
    def draws(self) -> tuple[Sampling, ...]:
        """How each draft is drawn."""
        return tuple(Sampling(self.temperature, self.top_k, self.seed + number) for number in range(self.count))


def sample_of(how: Sampling, written: Written) -> SampleOut:
    """A draft as the answer shows it."""
    sections = [
        SampleSection(name=name, text=" ".join(sentence.text for sentence in sentences), sentences=list(sentences))
        for name, sentences in written.sections.items()
    ]
    return SampleOut(seed=how.seed, temperature=how.temperature, top_k=how.top_k, sections=sections)
