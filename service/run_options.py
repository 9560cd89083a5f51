"""What a request may choose of a run, and how a run reports its progress."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from index.usual_search import DEPTH, NEIGHBOURS
from model.report.decoder.sampling import Sampling
from service.answer.samples import Samples
from service.errors import InvalidField
from service.schemas import Mode


@dataclass(frozen=True)
class Progress:
    """A step that was just finished: `done` of `total` in `stage` (total 0 where it is not known)."""

    stage: str
    done: int
    total: int


ProgressSink = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Takes a progress report and does nothing with it."""


@dataclass(frozen=True)
class RunOptions:
    """What a request may choose. mode and lang None are the bundle's defaults; neighbours is the k that vote.

    answer: what is asked for, the report or the vectors that it would be made of. samples: further drafts.

    patient_key: pseudonym of the patient, whose own studies in the bank are left out unless include_prior.
    """

    mode: Mode | None = None
    neighbours: int = NEIGHBOURS
    depth: int = DEPTH
    study_id: str | None = None
    lang: str | None = None
    patient_key: str | None = field(default=None, repr=False)
    include_prior: bool = False
    answer: Literal["report", "vectors"] = "report"
    samples: Samples | None = None

    @property
    def draws(self) -> tuple[Sampling, ...]:
        """How each further draft is drawn."""
        return () if self.samples is None else self.samples.draws

    def check_samples(self, mode: Mode) -> None:
        """Raises InvalidField where drafts are asked for that this mode cannot draw."""
        if self.samples is not None and mode == "retrieval":
            raise InvalidField("samples: mode 'retrieval' quotes; only what a decoder writes is drawn", field="samples")
