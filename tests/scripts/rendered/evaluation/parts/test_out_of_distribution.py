from typing import Any

import pytest

from model.study import SkippedClip, SkipReason
from scripts.rendered.evaluation.parts.out_of_distribution import CODE, is_flagged
from scripts.rendered.evaluation.parts.text_bars import measure_texts
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import Results
from service.schemas import ReportDocument, SentenceOut, WarningOut


@pytest.fixture
def answer(evaluation: Evaluation) -> ReportDocument:
    return evaluation.documents(evaluation.embedded[:1], "retrieval")[0]


def test_a_clip_is_flagged_when_refused_or_warned_of(answer: ReportDocument, evaluation: Evaluation) -> None:
    assert not is_flagged(answer)
    assert is_flagged(answer.model_copy(update={"warnings": [WarningOut(code=CODE, text="strange")]}))
    refused = evaluation.pipeline.run([SkippedClip(1, "0", SkipReason.NO_CONTACT, "no tissue")], evaluation.options())
    assert is_flagged(refused)


@pytest.mark.parametrize(
    ("text", "estimated", "sourceless"),
    [
        ("Normal left ventricular systolic function, ejection fraction <EF>%.", False, 0),
        ("Normal left ventricular systolic function, ejection fraction 21%.", False, 1),
        ("The left ventricle has 3 lumps.", True, 1),
    ],
)
def test_digits_need_a_source(
    evaluation: Evaluation, answer: ReportDocument, text: str, estimated: bool, sourceless: int
) -> None:
    own = answer.phenotypes["ejection_fraction"].value
    assert own is not None
    fields: dict[str, Any] = {"source": "generated", "candidate_ids": [], "estimated": estimated}
    sentence = SentenceOut(text=text.replace("<EF>", f"{own:.0f}"), **fields)
    sections = [
        s.model_copy(update={"sentences": [sentence] if s.name == "Left Ventricle" else []}) for s in answer.sections
    ]
    results = Results()
    measure_texts(evaluation, [answer.model_copy(update={"sections": sections})], [answer], results)
    assert results.figures["texts"]["sourceless_sentences"] == sourceless
