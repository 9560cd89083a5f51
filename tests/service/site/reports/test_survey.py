"""Which words a site's own reports show to be no names."""

from service.site.reports.mapping import ColumnMapping
from service.site.reports.survey import survey
from service.site.reports.table import TableRow

MAPPING = ColumnMapping(study="s", patient="p", text="t", names=("n",))


def words(text: str, patients: int, signer: str = "Signer") -> frozenset[str]:
    rows = [
        TableRow(line, {"s": f"1.2.{line}", "p": f"P{line}", "n": signer, "t": text}) for line in range(2, 2 + patients)
    ]
    return survey(rows, MAPPING).words


def test_a_noun_with_an_article_in_five_patients_reports() -> None:
    assert "zwurbel" in words("Kein Zwurbel im Vorhof.", 5)
    assert "zwurbel" not in words("Kein Zwurbel im Vorhof.", 4)
    assert "zwurbelo" in words("A Zwurbelo valve is seen.", 5)


def test_a_name_that_stands_in_many_reports_is_none() -> None:
    assert "zwurbel" not in words("Zwurbel agrees. Seen with Zwurbel.", 9)
    assert "zwurbel" not in words("Das Zwurbel. Befund durch Dr. Zwurbel.", 9)
    assert "zwurbel" not in words("The Zwurbel is seen.", 9, signer="Zwurbel, A")
    assert "kowalski" not in words("The Kowalski method.", 9)


def test_a_word_in_lower_case_in_three_but_no_listed_name() -> None:
    assert "zwurbelig" in words("der ring ist zwurbelig", 3)
    assert "zwurbelig" not in words("der ring ist zwurbelig", 2)
    assert "kowalski" not in words("ring seen, kowalski agrees", 5)
