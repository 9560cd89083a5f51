"""Raw rows: every study in every mode with truth, scores, text and neighbours, and every arm's text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.rendered.evaluation.parts.arms import Reports
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.results import plain
from service.answer.text.plain_sentences import plain_text
from service.schemas import ReportDocument


def study_rows(
    evaluation: Evaluation, documents: Mapping[str, Sequence[ReportDocument]], reports: Reports
) -> list[Mapping[str, Any]]:
    """One row per study and mode or arm; nested values are JSON."""
    rows: list[Mapping[str, Any]] = []
    for number, truth in enumerate(evaluation.truths):
        shared = {
            "study": truth.study,
            "truth": _json(truth.labels),
            "true_findings": _json(sorted(f"{f.name}={f.value}" for f in truth.stated)),
        }
        for mode, answers in documents.items():
            rows.append({**shared, "mode": mode, **_answer(answers[number])})
        for arm, said in reports.items():
            if arm not in documents:
                rows.append({**shared, "mode": arm, "text": said[number].text, "scores": "", "neighbours": ""})
    return rows


def _answer(document: ReportDocument) -> dict[str, str]:
    return {
        "text": _json(plain_text(document)),
        "scores": _json({name: row.value for name, row in document.phenotypes.items()}),
        "neighbours": _json({s.name: [n.candidate_id for n in s.neighbours] for s in document.sections}),
    }


def _json(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)
