"""Does the written text say what the phenotype estimates say? Where it does not, the answer warns."""

from collections.abc import Callable, Mapping, Sequence

from service.schemas import PhenotypeOut, SentenceOut

ReadLabels = Callable[[Mapping[str, Sequence[str]]], Mapping[str, float | None]]
CODE = "text_disagrees_with_phenotypes"


def disagreements(
    sections: Mapping[str, Sequence[SentenceOut]], phenotypes: Mapping[str, PhenotypeOut], read: ReadLabels
) -> tuple[str, ...]:
    """Names of the phenotypes whose label, read back from the text, differs from the estimate.

    A binary one differs when the text says yes and the threshold no, or the other way round; a number when it is off by
    more than rounding. What either side leaves unsaid does not differ.
    """
    said = read({name: [sentence.text for sentence in sentences] for name, sentences in sections.items()})
    return tuple(name for name, row in phenotypes.items() if _differ(said.get(name), row))


def _differ(said: float | None, row: PhenotypeOut) -> bool:
    if said is None or row.value is None:
        return False
    if row.kind == "binary":
        return row.positive is not None and row.positive != (said >= 0.5)  # a label read from text is 0 or 1
    return abs(said - row.value) > 1.0  # reports state whole percent and mmHg


def warning(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The warning (code, text) about these phenotypes, empty without any."""
    if not names:
        return ()
    return ((CODE, f"The text and the phenotype estimates differ on: {', '.join(names)}."),)
