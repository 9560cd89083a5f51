"""Batches made of numbers against what the decoder's own functions make of the same rows as text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.device import choose_placement
from model.report.decoder.copying import said_sentences, text_beginnings
from model.report.decoder.decoder import build_decoder
from model.report.decoder.prefix import RowPrefix, row_tensors, study_tensors
from model.report.request import EvidenceSentence, PhenotypeToken, WritingRequest
from service.site.bank_training.options import BankTrainingOptions
from service.site.bank_training.row_stages import write_rows, write_tokenizer
from service.site.bank_training.rows.batches import BankBatches
from service.site.bank_training.rows.section_retrieval import votes_by_name
from service.site.bank_training.run_parts import RunParts
from service.site.bank_training.trainer import positions_of
from service.site.bank_training.training_stages import batches_of, most_positions
from service.site.decoder_training.batches import Batch
from service.site.decoder_training.losses import Counts, LossWeights, Objective
from service.site.decoder_training.rows import Recipe
from service.site.observer import QUIET
from tests.service.site.bank_training.conftest import Invented

PLAIN = Recipe(
    own=1.0,
    none=0.0,
    corrupted=0.0,
    other=0.0,
    without_identical=0.0,
    without_phenotypes=0.0,
    without_vectors=0.0,
    invented=0.0,
)


@pytest.fixture(scope="module")
def parts(invented: Invented, tmp_path_factory: pytest.TempPathFactory) -> RunParts:
    options = BankTrainingOptions(
        bundle=invented.paths.bundle,
        bank=invented.paths.bank,
        out=tmp_path_factory.mktemp("rows") / "out",
        minutes=0,
        steps=1,
        candidates=24,
        rows_per_step=8,
    )
    made = RunParts(options, QUIET, choose_placement("cpu"))
    made.work.mkdir()
    for name, stage in (("tokenizer", write_tokenizer), ("rows", write_rows)):
        made.stages.note(name, {**stage(made), "seconds": 0.0})
    return made


def batches(parts: RunParts, recipe: Recipe, rank: int = 0, world: int = 1) -> BankBatches:
    made = batches_of(parts, parts.rows, 0)
    return replace(made, drawing=replace(made.drawing, recipe=recipe), rank=rank, world=world)


def test_tensors_are_those_of_the_same_rows_as_text(parts: RunParts) -> None:
    made = batches(parts, PLAIN)
    drawn = made.drawing.at(3)
    batch, tokenizer, config = made.collate(drawn), parts.tokenizer, parts.config
    rows, texts = parts.rows, made.drawing.table.texts
    by_tokens = {text.tokens: text for text in texts}
    prefixes, requests, sentences = [], [], []
    for place, row in enumerate(drawn.row.tolist()):
        valid, ids = batch.rows.valid[place], batch.rows.evidence[place]
        number, shares = batch.rows.sentence[place], batch.rows.support[place]
        own = []
        for sentence in range(int(number[valid].max()) + 1 if valid.any() else 0):
            at = valid & (number == sentence)
            text = by_tokens[tuple(ids[at].tolist())]
            share = float(shares[at][0])
            own.append(EvidenceSentence(text.template, text.numberless, text.slot, share, (), text.tokens[:-1]))
        stored = {int(n) for n in rows.evidence[row, 0] if n >= 0}
        assert {
            (text.section, e.template)
            for text in map(texts.__getitem__, stored)
            for e in own
            if e.template == text.template
        } == {(texts[n].section, texts[n].template) for n in stored}
        prefixes.append(RowPrefix(place, config.sections[rows.section[row]], tuple(own)))
        sentences.append([e.tokens for e in own])
        study = int(rows.study[row])
        votes = votes_by_name(rows.votes[study], parts.material.taxonomy)
        tokens = tuple(
            PhenotypeToken(n, v.value, v.p10, v.p90, v.labelled / max(v.neighbours, 1), v.labelled)
            for n, v in votes.items()
        )
        vectors = torch.from_numpy(rows.vectors(np.array([study]))[0])
        requests.append(
            WritingRequest(config.sections, vectors, torch.from_numpy(rows.assessed[study]), vectors[:0], tokens, {})
        )
    wanted = row_tensors(prefixes, tokenizer, config, parts.placement)
    for name in ("study", "section", "evidence", "sentence", "beginning", "support", "valid"):
        torch.testing.assert_close(getattr(batch.rows, name), getattr(wanted, name))
    studies = study_tensors(requests, config, parts.placement)
    for name in ("section_vectors", "assessed", "clip_vectors", "clip_present", "estimates"):
        torch.testing.assert_close(getattr(batch.studies, name), getattr(studies, name), rtol=1e-3, atol=1e-3)
    for place in range(len(drawn.row)):
        length = int(batch.counted[place].sum())
        written = batch.text[place, :length]
        assert written[0] == tokenizer.bos
        assert torch.equal(written[1:], batch.targets[place, : length - 1])
        assert batch.targets[place, length - 1] == tokenizer.eos
        assert torch.equal(batch.state.beginning[place, :length], text_beginnings(written[None], tokenizer.sep)[0])
        said = torch.tensor(said_sentences(written.tolist(), sentences[place], tokenizer.sep)).reshape(length, -1)
        assert torch.equal(batch.state.said[place, :length, : said.shape[1]], said)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.text, other.text) and torch.equal(one.rows.evidence, other.rows.evidence)


def test_a_step_is_the_same_again_and_parts_of_it_make_it_whole(parts: RunParts) -> None:
    whole, again = batches(parts, Recipe()), batches(parts, Recipe())
    assert same(whole.at(5)[0], again.at(5)[0])
    assert not same(whole.at(5)[0], again.at(6)[0])
    halves = [batches(parts, Recipe(), rank=rank, world=2).at(5)[0] for rank in (0, 1)]
    texts = [
        tuple(row[counted].tolist()) for half in halves for row, counted in zip(half.text, half.counted, strict=True)
    ]
    (batch,) = whole.at(5)
    assert sorted(texts) == sorted(tuple(r[c].tolist()) for r, c in zip(batch.text, batch.counted, strict=True))


def test_a_step_in_several_passes_has_the_same_gradients(parts: RunParts) -> None:
    whole = batches(parts, Recipe())
    most = 700
    bounded = replace(whole, most=most)
    (batch,), passes = whole.at(2), bounded.at(2)
    assert len(passes) > 2
    largest_row = max(positions_of(each, parts.config.shared_length) / len(each.text) for each in passes)
    assert all(positions_of(each, parts.config.shared_length) <= most + 2 * largest_row for each in passes)
    decoder = build_decoder(parts.config, 0)
    objective = Objective(decoder, LossWeights())
    loss, named = objective(batch)
    loss.backward()
    wanted = {name: weight.grad for name, weight in decoder.named_parameters()}
    decoder.zero_grad()
    counts, summed = Counts.of(passes), dict.fromkeys(named, 0.0)
    for each in passes:
        part, losses = objective(each, counts)
        part.backward()
        summed = {name: summed[name] + float(losses[name]) for name in summed}
    assert summed == pytest.approx({name: float(value) for name, value in named.items()}, rel=1e-4)
    for name, weight in decoder.named_parameters():
        torch.testing.assert_close(weight.grad, wanted[name], rtol=1e-3, atol=1e-6)


def test_the_limit_of_a_pass_follows_the_size_of_the_network(parts: RunParts) -> None:
    device = torch.device("cpu")
    wide = parts.config.model_copy(update={"width": 512, "layers": 8})
    assert 1_000 < most_positions(wide, device) < 4_000  # 1.5 GB: 3.4 GB were measured at 7,300
    assert most_positions(parts.config, device) > 20_000


def test_every_disturbance_happens_and_none_changes_what_is_true(parts: RunParts) -> None:
    made = batches(parts, Recipe())
    kinds, seen = set(), np.zeros(4, np.bool_)
    for step in range(40):
        drawn = made.drawing.at(step)
        kinds |= set(drawn.kind.tolist())
        flags = (drawn.identical, drawn.unestimated, drawn.unseen, drawn.invented)
        seen |= np.array([column.any() for column in flags])
        batch = made.collate(drawn)
        stated = made.drawing.columns.stated(parts.rows.targets[drawn.row])
        own = made.drawing.columns.of_section[parts.rows.section[drawn.row]]
        assert np.array_equal(batch.findings.numpy() & own, stated)
        assert (batch.asked.numpy() | drawn.unseen[:, None])[own].all()
        assert not batch.asked.numpy()[drawn.unseen].any()
        assert batch.counted.any(dim=1).all()
        assert not batch.studies.assessed[torch.from_numpy(drawn.unseen)].any()
    assert kinds == {0, 1, 2, 3}
    assert seen.all()


def test_a_contrast_is_another_study_of_which_something_else_is_true(parts: RunParts) -> None:
    made = batches(parts, PLAIN)
    compared = 0
    for step in range(20):
        drawn = made.drawing.at(step)
        for row, other in zip(drawn.row.tolist(), drawn.contrast.tolist(), strict=True):
            if other >= 0:
                compared += 1
                assert parts.rows.section[row] == parts.rows.section[other]
                assert set(parts.rows.targets[row].tolist()) != set(parts.rows.targets[other].tolist())
    assert compared


def test_rows_are_read_again_from_disk(parts: RunParts, tmp_path: Path) -> None:
    del tmp_path
    assert len(parts.rows) > 200
    assert parts.rows.studies == 24
    assert sorted(path.name for path in (parts.work / "rows").iterdir()) == ["000000.npy", "000000.npz"]
