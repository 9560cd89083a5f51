"""Training rows of the invented modality, and a decoder trained on them for seconds."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, RetrievedSentence
from model.report.decoder.decoder import Decoder, build_decoder
from service.site.decoder_training.decoder_loop import DecoderTrainer, Plan
from service.site.decoder_training.finding_table import with_findings
from service.site.decoder_training.rows import Disturber, Recipe, TrainingRow
from tests.model.report.bridge import CPU, LANGUAGE, config, request, tokenizer

PHRASES = PhraseTable(
    tuple(
        PhraseRow(number, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
        for number, p in enumerate(LANGUAGE.phrases)
    )
)
_NUMBERS = {row.key: row.phrase_id for row in PHRASES}


def report(load: float, rng: np.random.Generator) -> dict[str, list[tuple[str, float | None]]]:
    """A bridge's report as (phrase id, number) per section; all but the load is drawn."""
    deck = "deck.sound" if rng.random() < 0.5 else "deck.cracked"
    cracked = rng.random() < 0.5
    return {
        "Deck": [("deck.load.high" if load >= 40 else "deck.load.low", load), (deck, None)],
        "Piers": [("piers.crack", 3.0)] if cracked else [("piers.sound", None), ("piers.unmoved", None)],
        "Cables": [("cables.rust", None), ("cables.slack" if rng.random() < 0.5 else "cables.taut", None)],
    }


def candidate(number: int, sentences: list[tuple[str, float | None]]) -> ContextCandidate:
    """A candidate that says these sentences in one section."""
    said = tuple(RetrievedSentence(_NUMBERS[phrase], value) for phrase, value in sentences)
    return ContextCandidate(number, 0.5, said)


def training_rows(studies: int, seed: int = 0) -> list[TrainingRow]:
    """Rows of all sections of some bridges, with 10 neighbours that mostly agree with each."""
    rng = np.random.default_rng(seed)
    rows = []
    for study in range(studies):
        load = float(rng.integers(5, 80))
        query = request(study, load=load)
        true = report(load, rng)
        for section, sentences in true.items():
            others = [report(float(rng.integers(5, 80)), rng)[section] for _ in range(3)]
            near = [sentences] * 7 + others
            context = tuple(candidate(number, said) for number, said in enumerate(near))
            targets = tuple(PHRASES[_NUMBERS[phrase]].template for phrase, _ in sentences)
            rows.append(TrainingRow(query, section, targets, context))
    return rows


def headed(seed: int = 0, scale: float = 1.0) -> Decoder:
    """An untrained decoder with a finding head."""
    built = build_decoder(with_findings(config(), LANGUAGE, training_rows(12)), seed).eval()
    with torch.no_grad():
        for weight in built.parameters():
            weight.mul_(scale)
    return built


def trainer(recipe: Recipe | None = None) -> DecoderTrainer:
    """The trainer that the tests share."""
    return DecoderTrainer(config(), tokenizer(), Disturber(recipe or Recipe(), PHRASES, LANGUAGE), CPU)


@cache
def trained() -> Decoder:
    """A decoder that writes the invented language."""
    with TemporaryDirectory() as folder:
        plan = Plan(steps=300, rows_per_step=16, learning_rate=5e-3, seed=1)
        return trainer().train(training_rows(60), plan, Path(folder))
