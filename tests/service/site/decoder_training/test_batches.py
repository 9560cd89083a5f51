"""What a step reads beside its texts: findings to tell from vectors, and other studies to tell the own one from."""

from dataclasses import replace

import numpy as np
import torch

from service.site.decoder_training.batches import Batches
from service.site.decoder_training.rows import Disturber, Recipe, TrainingRow
from tests.model.report.bridge import CPU, LANGUAGE, TAXONOMY, config, tokenizer
from tests.model.report.bridge_training import PHRASES, training_rows
from tests.service.site.decoder_training.test_rows import only

ROWS = training_rows(12)


def batches(recipe: Recipe, rows: list[TrainingRow] | None = None) -> Batches:
    return Batches(rows or ROWS, Disturber(recipe, PHRASES, LANGUAGE), tokenizer(), config(), CPU)


def test_findings_are_those_of_the_text_within_its_section() -> None:
    made = batches(only(own=1))
    batch = made.at(0, seed=1, size=8)
    for row in range(8):
        section = TAXONOMY.sections[int(batch.rows.section[row])]
        assert batch.asked[row].equal(made.table.of_section(section))
        assert batch.findings[row].any()
        assert not (batch.findings[row] & ~batch.asked[row]).any()


def test_without_vectors_no_finding_is_asked_for() -> None:
    assert not batches(only(own=1, without_vectors=1)).at(0, seed=1, size=4).asked.any()


def test_a_contrast_is_another_study_in_whose_section_other_things_are_true() -> None:
    made = batches(only(own=1))
    vectors = {row.study.section_vectors.numpy().tobytes(): row for row in ROWS}
    for step in range(6):
        batch = made.at(step, seed=2, size=8)
        assert batch.contrast is not None
        assert 1 <= len(batch.contrast.rows) <= 2
        for place, row in enumerate(batch.contrast.rows.tolist()):
            section = TAXONOMY.sections[int(batch.contrast.tensors.section[place])]
            own, other = (
                vectors[studies.section_vectors[at].numpy().tobytes()].study
                for studies, at in ((batch.studies, row), (batch.contrast.studies, place))
            )
            true = [
                made.table.findings(section, r.targets)
                for s in (own, other)
                for r in ROWS
                if r.study is s and r.section == section
            ]
            assert own is not other
            assert true[0] != true[1]


def test_a_contrast_lacks_what_its_row_lacks_and_both_left_out_is_no_contrast() -> None:
    disturber = Disturber(only(own=1, without_phenotypes=1), PHRASES, LANGUAGE)
    row, other = ROWS[0], ROWS[3]
    kept = disturber.disturb(row, other, np.random.default_rng(0), other.study).contrast
    assert kept is not None
    assert kept.phenotypes == ()
    assert kept.assessed.all()
    nothing = Disturber(only(own=1, without_phenotypes=1, without_vectors=1), PHRASES, LANGUAGE)
    assert nothing.disturb(row, other, np.random.default_rng(0), other.study).contrast is None


def test_studies_that_all_say_the_same_have_no_contrast() -> None:
    same = [replace(row, targets=ROWS[0].targets) for row in ROWS if row.section == "Deck"]
    assert batches(only(own=1), same).at(0, seed=0, size=4).contrast is None


def test_another_studys_evidence_is_never_the_rows_own() -> None:
    two = [row for row in ROWS if row.section == "Deck"][:2]
    made = batches(only(other=1), two)
    for _ in range(20):
        drawn = made._disturbed(0, np.random.default_rng(_))
        assert drawn.study is two[0].study
        assert {s.template for s in drawn.evidence} == {
            PHRASES[s.phrase_id].template for c in two[1].neighbours for s in c.sentences
        }


def test_the_same_step_of_the_same_seed_is_the_same_batch() -> None:
    one, two = (batches(Recipe()).at(5, seed=3, size=6) for _ in range(2))
    assert one.text.equal(two.text)
    assert torch.equal(one.studies.section_vectors, two.studies.section_vectors)
