"""An invented modality, bridge inspection: its language, a tiny decoder, and requests. The writer knows no echo."""

from dataclasses import replace
from functools import cache

import torch

from model.device import Placement
from model.report.decoder.decoder import Decoder, build_decoder
from model.report.decoder.decoder_config import DecoderConfig, decoder_config
from model.report.decoder.tokenizer import ReportTokenizer, train_tokenizer
from model.report.language.language import Finding, Language
from model.report.request import EvidenceSentence, PhenotypeToken, WritingRequest
from model.report.text_encoder.text_encoder import TextEncoder, TextEncoderConfig, build_text_encoder
from model.taxonomy import Phenotype, Taxonomy

CPU = Placement(torch.device("cpu"), torch.float32, "tests")
DIM = 8
TAXONOMY = Taxonomy(
    modality="bridge",
    views=("side", "below"),
    sections=("Deck", "Piers", "Cables"),
    phenotypes=(Phenotype("load", "Deck", "continuous", "t", 1.0, 90.0), Phenotype("rusty", "Cables", "binary")),
)

_PHRASES = [  # id, section, wording, finding, value; <slot> and what stands before it go in the numberless wording
    ("deck.load.low", "Deck", "The deck carries a light load| of <load> t|.", "load_class", "light"),
    ("deck.load.high", "Deck", "The deck carries a heavy load| of <load> t|.", "load_class", "heavy"),
    ("deck.sound", "Deck", "The deck is sound.", "deck", "sound"),
    ("deck.cracked", "Deck", "The deck is cracked.", "deck", "cracked"),
    ("piers.crack", "Piers", "A crack| of <crack_width> mm| runs through a pier.", "pier", "cracked"),
    ("piers.sound", "Piers", "The piers are sound.", "pier", "sound"),
    ("piers.unmoved", "Piers", "No pier has moved.", "pier_position", "kept"),
    ("cables.slack", "Cables", "The cables hang slack.", "tension", "slack"),
    ("cables.taut", "Cables", "The cables are taut.", "tension", "taut"),
    ("cables.rust", "Cables", "Rust covers the cables.", "rust", "present"),
]


def _phrase(phrase_id: str, section: str, wording: str, finding: str, value: str) -> dict[str, object]:
    parts = wording.split("|")
    return {
        "phrase_id": phrase_id,
        "section": section,
        "group": section,
        "template": "".join(parts),
        "numberless": "".join(parts[::2]),
        "findings": [[finding, value]],
    }


LANGUAGE = Language.from_fields(
    {
        "language": "en",
        "slots": [
            {"name": "load", "unit": "t", "low": 1, "high": 90, "decimals": 0, "phenotype": "load"},
            {"name": "crack_width", "unit": "mm", "low": 0.1, "high": 40, "decimals": 1, "phenotype": None},
        ],
        "phrases": [_phrase(*fields) for fields in _PHRASES],
        "bands": [
            {"slot": "load", "finding": "load_class", "value": "light", "low": 0, "high": 40},
            {"slot": "load", "finding": "load_class", "value": "heavy", "low": 40, "high": 1000},
        ],
        "labels": [],
        "contradictions": [
            {
                "name": "sound_deck_on_cracked_pier",
                "text": "A sound deck, yet a cracked pier.",
                "first": ["deck", ["sound"]],
                "second": ["pier", ["cracked"]],
            }
        ],
    }
)


def read(section: str | None, text: str) -> tuple[Finding, ...]:
    """Findings of a sentence that is a numberless phrase of its section, word for word."""
    found = (phrase for phrase in LANGUAGE.phrases if phrase.section == section and phrase.numberless == text)
    return next((phrase.findings for phrase in found), ())


@cache
def tokenizer() -> ReportTokenizer:
    texts = [text for phrase in LANGUAGE.phrases for text in (phrase.template, phrase.numberless)]
    return train_tokenizer(texts, 400, tuple(LANGUAGE.slots))


def config() -> DecoderConfig:
    full = decoder_config(TAXONOMY, vocabulary=tokenizer().size + 3, embedding_dim=DIM)
    return full.model_copy(update={"layers": 2, "heads": 2, "width": 16, "copy_width": 8, "max_section_tokens": 30})


def decoder(seed: int = 0, scale: float = 1.0) -> Decoder:
    """An untrained decoder; `scale` above one makes its choices vary more from row to row."""
    built = build_decoder(config(), seed).eval()
    with torch.no_grad():
        for weight in built.parameters():
            weight.mul_(scale)
    return built


def evidence(template: str, support: float = 0.5, ids: tuple[int, ...] = (7,)) -> EvidenceSentence:
    """Evidence in the words of a phrase of the language."""
    phrase = next(phrase for phrase in LANGUAGE.phrases if phrase.template == template)
    return EvidenceSentence(template, phrase.numberless, phrase.slot, support, ids)


def request(seed: int = 0, load: float | None = None, **changes: object) -> WritingRequest:
    """A study with all sections assessed and no evidence unless given."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(3, DIM, generator=generator), dim=-1)
    clips = torch.nn.functional.normalize(torch.randn(2, DIM, generator=generator), dim=-1)
    plain = WritingRequest(
        sections=TAXONOMY.sections,
        section_vectors=vectors,
        assessed=torch.ones(3, dtype=torch.bool),
        clip_vectors=clips,
        phenotypes=(PhenotypeToken("load", load, load, load, 1.0 if load else 0.0, 50 if load else 0),),
        evidence={},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # given by name


def text_encoder() -> TextEncoder:
    """An untrained text encoder."""
    sizes = TextEncoderConfig(
        vocabulary=tokenizer().size, embedding_dim=DIM, layers=2, heads=2, width=16, max_tokens=64
    )
    return build_text_encoder(sizes, seed=3)
