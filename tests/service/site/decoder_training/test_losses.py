"""The losses, against what they say they are."""

import pytest
import torch
from torch.nn import functional

from model.report.decoder.copying import target_log_probabilities, written_log_probabilities
from model.report.decoder.decoder import Decoder
from model.report.decoder.prefix import StudyTensors
from service.site.decoder_training.batches import Batch, Batches
from service.site.decoder_training.losses import TEXT_ALONE, LossWeights, Objective
from service.site.decoder_training.rows import Disturber, Recipe
from tests.model.report.bridge import CPU, LANGUAGE, config, decoder, tokenizer
from tests.model.report.bridge_training import PHRASES, headed, training_rows
from tests.service.site.decoder_training.test_rows import only

ROWS = training_rows(12)


def drawn(recipe: Recipe | None = None, step: int = 0) -> Batch:
    made = Batches(ROWS, Disturber(recipe or only(own=1), PHRASES, LANGUAGE), tokenizer(), config(), CPU)
    return made.at(step, seed=1, size=8)


def log_probability(own: Decoder, batch: Batch, studies: StudyTensors, row: int, study: int) -> float:
    """The slow twin: one row's text, token by token, when it is read with a study."""
    alone = StudyTensors(*(getattr(studies, name)[[study]] for name in StudyTensors.__dataclass_fields__))
    hidden, source = own(alone, batch.rows.of_studies([row]), batch.text[[row]])
    state = type(batch.state)(batch.state.beginning[[row]], batch.state.said[[row]])
    shares = own.copier(hidden, state, source)
    written = written_log_probabilities(own.logits(hidden), batch.targets[[row]])
    reported = target_log_probabilities(written, shares, source.tokens, batch.targets[[row]])[0]
    return sum(reported[place].item() for place in range(len(reported)) if batch.counted[row, place])


def test_the_margin_equals_the_hinge_written_out() -> None:
    batch = drawn()
    own = headed(2, scale=3.0)
    assert batch.contrast is not None
    _, losses = Objective(own, LossWeights())(batch)
    hinges = []
    for place, row in enumerate(batch.contrast.rows.tolist()):
        difference = log_probability(own, batch, batch.studies, row, row)
        difference -= log_probability(own, batch, batch.contrast.studies, row, place)
        hinges.append(max(0.0, 2.0 - difference))
    torch.testing.assert_close(losses["margin"], torch.tensor(sum(hinges) / len(hinges)), rtol=1e-3, atol=1e-3)


def test_findings_are_told_from_vectors_alone_over_the_columns_asked_for() -> None:
    batch = drawn()
    objective = Objective(headed(2), LossWeights())
    _, losses = objective(batch)
    hidden = objective.decoder.read_vectors(batch.studies)
    total = count = 0.0
    for row in range(8):
        assert objective.decoder.finding_head is not None
        scores = objective.decoder.finding_head(hidden[row, batch.rows.section[row]])
        for column in torch.nonzero(batch.asked[row])[:, 0].tolist():
            wanted = batch.findings[row, column].float()
            total += functional.binary_cross_entropy_with_logits(scores[column], wanted).item()
            count += 1
    torch.testing.assert_close(losses["findings"], torch.tensor(total / count), rtol=1e-4, atol=1e-4)


def test_the_sum_is_weighted_and_a_weight_of_zero_leaves_the_loss_out() -> None:
    batch = drawn()
    weights = LossWeights(written=0.25, findings=2.0, margin=0.5)
    total, losses = Objective(headed(), weights)(batch)
    expected = losses["text"] + 0.25 * losses["written"] + 2 * losses["findings"] + 0.5 * losses["margin"]
    torch.testing.assert_close(total, expected)
    _, alone = Objective(decoder(), TEXT_ALONE)(batch)
    assert set(alone) == {"text", "written"}


def test_a_loss_over_findings_needs_a_head() -> None:
    with pytest.raises(ValueError, match="names no findings"):
        Objective(decoder(), LossWeights())


def test_rows_without_vectors_or_contrast_still_give_a_finite_gradient() -> None:
    batch = drawn(only(none=1, without_vectors=1, without_phenotypes=1))
    assert batch.contrast is None
    objective = Objective(headed(), LossWeights())
    total, losses = objective(batch)
    assert float(losses["findings"]) == 0
    total.backward()
    assert all(w.grad is None or torch.isfinite(w.grad).all() for w in objective.parameters())
