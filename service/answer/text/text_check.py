"""Does the text say what the phenotype estimates say, and does it contradict itself? The answer warns of both."""

from collections.abc import Collection, Mapping, Sequence

from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.request import ReportWarning
from service.schemas import PhenotypeOut

Text = Mapping[str, Sequence[str]]  # section → sentences, without marks


class TextCheck:
    """Reads a report's text back in a language, which `language` is."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._reader = PhraseReader(language)

    def findings_of(self, section: str, sentence: str) -> frozenset[str]:
        """Names of the findings that a sentence of a section states, as far as it is understood."""
        return frozenset(finding.name for finding in self._reader.read_sentence(section, sentence).findings)

    def disagreements(self, text: Text, phenotypes: Mapping[str, PhenotypeOut]) -> tuple[str, ...]:
        """Names of the phenotypes whose label, read back from the text, differs from the estimate.

        A binary one differs when the text says yes and the threshold no, or the other way round; a number when it is
        off by more than rounding. What either side leaves unsaid does not differ.
        """
        said = self._reader.read_report(text).labels
        return tuple(name for name, row in phenotypes.items() if differ(said.get(name), row))

    def contradictions(self, text: Text) -> tuple[str, ...]:
        """What the language says of the rules that the text breaks."""
        findings = self._reader.read_report(text).findings
        return tuple(rule.text for rule in self.language.contradicted_by(findings))

    def warnings(
        self, text: Text, phenotypes: Mapping[str, PhenotypeOut], *, quoted: bool, known: Collection[str] = ()
    ) -> tuple[ReportWarning, ...]:
        """Warnings about a text. quoted: it is a candidate's, and nobody has looked for contradictions in it yet.

        known: phenotypes that are known to differ already, from sentences that are no phrases.
        """
        differing = {*self.disagreements(text, phenotypes), *known}
        names = ", ".join(name for name in phenotypes if name in differing)
        found = [ReportWarning("text_disagrees_with_phenotypes", {"phenotypes": names})] if names else []
        if quoted:
            found += [ReportWarning("contradiction", {"rule": broken}) for broken in self.contradictions(text)]
        return tuple(found)


def differ(said: float | None, row: PhenotypeOut) -> bool:
    """Whether a label read from text (0, 1 or a number) is another than the estimate."""
    if said is None or row.value is None:
        return False
    if row.kind == "binary":
        return row.positive is not None and row.positive != (said >= 0.5)
    return abs(said - row.value) > 1.0  # reports state whole percent and mmHg
