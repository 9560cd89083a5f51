"""Wordings without a key that say the same count together, and a table keeps what they say."""

from pathlib import Path

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, RetrievedSentence
from service.answer.evidence import evidence_sentences

TABLE = PhraseTable(
    (
        PhraseRow(
            0, "Mitral Valve", "site", "Mod MR.", "Mod MR.", None, says="Mitral Valve: mitral_regurgitation=moderate"
        ),
        PhraseRow(
            1, "Mitral Valve", "site", "MI II°.", "MI.", None, says="Mitral Valve: mitral_regurgitation=moderate"
        ),
        PhraseRow(2, "Mitral Valve", "site", "No MS.", "No MS.", None),
    )
)


def test_what_wordings_say_is_one_statement() -> None:
    candidates = [ContextCandidate(n, 0.5, (RetrievedSentence(phrase, None),)) for n, phrase in enumerate((0, 0, 2))]
    wordings = [*candidates, ContextCandidate(3, 0.5, (RetrievedSentence(0, None), RetrievedSentence(1, None)))]
    first, second = evidence_sentences(wordings, TABLE)
    assert (first.template, first.support, first.candidate_ids) == ("Mod MR.", 0.75, (0, 1, 3))
    assert second.template == "No MS."


def test_a_table_keeps_it_and_a_row_without_it_is_written_as_before(tmp_path: Path) -> None:
    TABLE.write(tmp_path)
    assert PhraseTable.read(tmp_path) == TABLE
    assert '"says"' not in (tmp_path / "phrases.json").read_text().splitlines()[-2]
