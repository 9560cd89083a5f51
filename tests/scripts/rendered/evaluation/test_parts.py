"""Every part on a pipeline whose embeddings are known to tell the truth, and on the same with the truth taken away."""

from dataclasses import replace

import numpy as np
import pytest

from scripts.rendered.evaluation.parts.abstention import measure_abstention, measure_mil_table
from scripts.rendered.evaluation.parts.arms import disagreeing_share, measure_arms, name_best, write_arms
from scripts.rendered.evaluation.parts.controls import measure_random_encoder, measure_readings, measure_wrong_inputs
from scripts.rendered.evaluation.parts.file_equality import measure_files
from scripts.rendered.evaluation.parts.pictures import accuracy_by_clips
from scripts.rendered.evaluation.parts.scores import measure_scores
from scripts.rendered.evaluation.parts.shifts import measure_shifts, view_accuracy
from scripts.rendered.evaluation.parts.text_bars import measure_texts
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results


def bars(results: Results) -> dict[str, bool]:
    return {bar.name: bar.ok for bar in results.bars}


def test_scores_of_embeddings_that_tell_the_truth(evaluation: Evaluation) -> None:
    results = Results()
    documents = evaluation.documents(evaluation.embedded, "retrieval")
    diagram = measure_scores(evaluation, documents, results)
    assert results.figures["auroc"]["mean"] > 0.75
    assert diagram.count.sum() > 0
    assert set(bars(results)) >= {"EF: R²", "mean AUROC over the 23, from scores"}
    assert sum(row["studies"] for row in accuracy_by_clips(evaluation, documents).values()) == len(documents)


def test_arms_are_ordered_as_their_evidence(evaluation: Evaluation) -> None:
    results = Results()
    documents = {"retrieval": evaluation.documents(evaluation.embedded, "retrieval")}
    reports = write_arms(evaluation, documents)
    measure_arms(evaluation, reports, documents["retrieval"], results)
    arms = results.figures["arms"]
    assert set(arms) == {"A", "B", "C", "D"}
    assert arms["B"]["macro_f1"] > arms["A"]["macro_f1"]
    assert all(row["unread_sentences"] == 0 for row in arms.values())
    assert not bars(results)["arm E is trained"]
    assert not bars(results)["rag over the better of B and C: macro-F1"]
    measure_wrong_inputs(evaluation, reports, results)
    measure_texts(evaluation, [], documents["retrieval"], results)
    assert not bars(results)["contradictory studies after repair"]


def test_an_arm_that_differs_from_its_phenotypes_is_told_so(evaluation: Evaluation) -> None:
    documents = evaluation.documents(evaluation.embedded, "retrieval")
    reports = write_arms(evaluation, {"retrieval": documents})
    given = disagreeing_share(reports["A"], documents)
    assert 0 < given <= 1, "one text for all patients differs from some"
    silent = [replace(report, labels={}) for report in reports["A"]]
    assert disagreeing_share(silent, documents) == 0
    for share, end in ((0.5, "cannot be the default"), (0.01, "should be the default")):
        results = Results()
        name_best({"rag": {"macro_f1": 0.4}, "E": {"macro_f1": 0.5, "disagreeing": share}}, results)
        assert results.figures["best_arm"] == "E"
        assert results.remarks[0].endswith(end)


def test_readings_that_are_noise_lose(evaluation: Evaluation) -> None:
    results = Results()
    measure_readings(evaluation, results)
    measure_random_encoder(evaluation, results)
    readings = results.figures["readings"]
    assert (
        readings["independent, one_frame"]["ejection_fraction_r2"]
        < readings["independent, base"]["ejection_fraction_r2"]
    )
    assert bars(results)["mean AUROC of probes over those on a random encoder"]


def test_views_files_and_shifts(evaluation: Evaluation) -> None:
    results = Results()
    measure_shifts(evaluation, results)
    measure_files(evaluation, results)
    assert view_accuracy(evaluation.studies) == 1.0
    assert results.figures["files"]["median_cosine"] == pytest.approx(1.0)
    assert bars(results)["views, top-1 on held-out looks"]


def test_abstention_follows_the_table(evaluation: Evaluation) -> None:
    results = Results()
    measure_abstention(evaluation, results)
    measure_mil_table(evaluation, results)
    assert bars(results)["abstention: sections not assessed without an informative view"]
    assert bars(results)["sections assessed with a good view"]
    alike = {section: dict.fromkeys(row, 1.0) for section, row in evaluation.pipeline.bundle.mil_weights.items()}
    flat = replace(
        evaluation,
        pipeline=replace(
            evaluation.pipeline, bundle=evaluation.pipeline.bundle.model_copy(update={"mil_weights": alike})
        ),
    )
    results = Results()
    measure_mil_table(flat, results)
    assert not bars(results)["MIL: sections whose heaviest view shows them"]


def test_replay_gives_what_was_embedded(evaluation: Evaluation) -> None:
    study = evaluation.studies[0]
    embedded = replayed(evaluation.pipeline, study)
    assert embedded.embedding.positions == tuple(study.used)
    assert np.allclose(embedded.embedding.clip_embeddings, study.embeddings["base"].clip_embeddings)
    first = tuple(study.used)[:1]
    assert replayed(evaluation.pipeline, study, positions=first).embedding.positions == first
