from scripts.rendered.evaluation.markdown import PLAIN_WORDS, markdown_of
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import Results


def test_the_page_begins_with_plain_words_and_shows_every_bar(evaluation: Evaluation) -> None:
    results = Results()
    results.at_least("a bar that fails", 0.1, 0.9)
    results.figures["arms"] = {"A": {"macro_f1": 0.25}, "B": {"macro_f1": float("nan"), "recall": 1.0}}
    page = markdown_of({"seed": 1, "studies": 2, "minutes": 3.0, **results.document()}, evaluation.pipeline)
    assert page.index(PLAIN_WORDS) < 40
    assert "Not for care" in page
    assert "| a bar that fails | 0.100 | >= 0.9 | **no** |" in page
    assert "| A | 0.250 |  |" in page
    assert "| B | – | 1.000 |" in page
