"""Learns how much each view counts in each section (MIL table), and from which weight on a section is assessed.

    python -m scripts.rendered.train_mil --embedded FOLDER --encoders FOLDER --out FOLDER

`--embedded` holds encoded studies of the purpose `mil` (`python -m scripts.rendered.embed_studies --prior
independent`), in which phenotypes are not correlated. Otherwise a view that shows only what often accompanies a finding
would seem to show the finding itself. One in five studies is held out. What the renderer draws in which view is not
used; the table is only compared with it at the end.

Writes mil.json (the bundle's `mil_weights` and `min_section_weight`, and what was measured), table.md, log.jsonl,
curve.png and checkpoint.pt. The last line is one JSON object.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.bundle import sha256_of
from model.checkpoint import load_weights
from model.echo.phrases.reader import ENGLISH_FILE
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import TextEncoder, TextEncoderConfig
from scripts.needed_extra import stop_without
from scripts.rendered.embed_studies import VIEWS_FILE
from scripts.rendered.evaluation.parts.abstention import informative_views
from scripts.rendered.mil.mil_assessment import SectionSums, chosen_weight
from scripts.rendered.mil.mil_learning import TELLING, MilLearner, MilPlan, losses_of
from scripts.rendered.mil.mil_studies import MilStudies
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.section_targets import FindingScale
from scripts.rendered.training.section_texts import SectionTexts, encode_blocks
from scripts.rendered.training.study_encoding import NETWORKS_FILE
from service.site.training.curve import draw_curve

MIL_FILE, TABLE_FILE = "mil.json", "table.md"
_HELD_OUT_EACH = 5
# What a reader of echoes would expect, after the views of a transthoracic protocol (Mitchell et al. 2019).
EXPECTED: Mapping[str, str] = {
    "Left Ventricle": "apical views above all, then long and short axis",
    "Resting Segmental Wall Motion Analysis": "apical views and the short axis, each with segments of its own",
    "Right Ventricle": "four-chamber and subcostal views, the inflow in the short axis",
    "Left Atrium": "apical and long-axis views",
    "Right Atrium": "four-chamber and subcostal views",
    "Atrial Septum": "subcostal and four-chamber views",
    "Mitral Valve": "apical and long-axis views; colour for regurgitation",
    "Aortic Valve": "short axis at the base, long axis, five-chamber view; colour for regurgitation",
    "Tricuspid Valve": "four-chamber view and short axis at the base; colour for regurgitation",
    "Pulmonic Valve": "short axis at the base, with colour",
    "Pericardium": "all views of the ventricles",
    "Aorta": "long axis, then five-chamber and three-chamber views",
    "IVC": "subcostal view alone",
    "Pulmonary Artery": "pressure from the jet at the tricuspid valve; the artery in the short axis",
    "Pulmonary Veins": "four-chamber view",
}


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, required=True, help="folder of encoded studies")
    parser.add_argument("--encoders", type=Path, required=True, help="folder of the text tower and the subspaces")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--steps", type=int, default=MilPlan.steps)
    parser.add_argument("--phrases", type=Path, default=ENGLISH_FILE, help="phrase file of the language")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads; no more than are free")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def material(args: argparse.Namespace) -> MilStudies:
    """The studies beside their reports. Raises ValueError when another encoder made their vectors."""
    stated = json.loads((args.encoders / NETWORKS_FILE).read_text(encoding="utf-8"))
    studies = EncodedStudies.read(args.embedded)
    if studies.encoder_sha256 != sha256_of(args.encoders / stated["video_encoder"]["file"]):
        raise ValueError(f"{args.embedded}: encoded by another video encoder than {args.encoders} holds")
    text = stated["text_encoder"]
    tower = TextEncoder(
        TextEncoderConfig(**{name: text[name] for name in TextEncoderConfig.model_fields if name in text})
    )
    load_weights(tower.eval(), args.encoders / text["file"])
    states = [studies.state(row) for row in range(len(studies))]
    rng = np.random.default_rng([studies.seed, 4])  # 4: wordings, as the encoder's patients take them
    tokenizer, language = ReportTokenizer.read(args.encoders / TOKENIZER_FILE), Language.read(args.phrases)
    texts = SectionTexts.of(states, language, tokenizer, FindingScale.fit(states), rng)
    subspaces = stated["section_subspaces"]
    blocks = encode_blocks(tower, texts, {section: tuple(places) for section, places in subspaces.items()})
    rendered = np.load(args.embedded / VIEWS_FILE)
    own = {section: block.clone() for section, block in blocks.items()}  # inference tensors cannot be learned against
    return MilStudies.of(studies, rendered, subspaces, own, texts.targets.features)


def compared(
    studies: MilStudies, tables: Mapping[str, NDArray[np.float32]], learned: NDArray[np.int64], held: NDArray[np.int64]
) -> dict[str, float]:
    """Table → its mean loss over sections on held-out studies."""
    return {
        name: round(float(np.mean([*losses_of(studies, table, learned, held).values()])), 4)
        for name, table in tables.items()
    }


def page(studies: MilStudies, weights: NDArray[np.float32], errors: NDArray[np.float64]) -> str:
    """The table with what one would expect, and where it differs from what the renderer draws."""
    lines = ["| Section | Views by weight (standard errors) | Expected | Beside the renderer |", "|---|---|---|---|"]
    for row, section in enumerate(studies.sections):
        order = [view for view in np.argsort(-weights[row]) if weights[row, view] > 0]
        said = ", ".join(f"{studies.views[view]} {weights[row, view]:.2f} ({errors[row, view]:.0f})" for view in order)
        shown, learned = informative_views(section), {studies.views[view] for view in order}
        parts = [
            "" if not names else f"{what} {', '.join(sorted(names))}"
            for what, names in (("not drawn there:", learned - shown), ("drawn but not learned:", shown - learned))
        ]
        beside = "; ".join(filter(None, parts)) or "agrees"
        lines.append(f"| {section} | {said} | {EXPECTED.get(section, '')} | {beside} |")
    return "\n".join(lines) + "\n"


def measured(
    studies: MilStudies, sums: SectionSums, least: float, losses: Mapping[str, float], weights: NDArray[np.float32]
) -> dict[str, Any]:
    """What mil.json says of the table. Sums are of held-out studies."""
    left_out, assessed = sums.right(least)
    drawn = {section: informative_views(section) for section in studies.sections}
    top = {section: studies.views[int(weights[row].argmax())] for row, section in enumerate(studies.sections)}
    return {
        "held_out_loss": dict(losses),
        "left_out_without_a_telling_view": round(left_out, 4),
        "assessed_with_a_telling_clip": round(assessed, 4),
        "by_section": {
            name: [round(share, 4) for share in pair] for name, pair in sums.right_by_section(least).items()
        },
        "heaviest_view": top,
        "heaviest_view_is_drawn": round(float(np.mean([view in drawn[name] for name, view in top.items()])), 4),
    }


def main(words: list[str] | None = None) -> None:
    """Runs the script."""
    args = arguments(words)
    stop_without("train")
    started = time.monotonic()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would fight torch's for two cores
    torch.set_num_threads(args.threads)
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)
    studies = material(args)
    held = np.arange(len(studies)) % _HELD_OUT_EACH == _HELD_OUT_EACH - 1
    learned_rows, held_rows = np.flatnonzero(~held), np.flatnonzero(held)
    learner = MilLearner(studies, learned_rows, MilPlan(steps=args.steps, seed=args.seed))
    errors = learner.telling()
    telling = (errors >= TELLING) | (errors == errors.max(axis=1, keepdims=True))  # one view at least
    weights = learner.learn(telling, out)
    draw_curve(out)
    free = replace(learner, plan=replace(learner.plan, least=0.0)).learn(np.ones_like(telling))
    tables = {
        "learned": weights,
        "learned_without_limits": free,
        "uniform": np.ones_like(weights),
        "heaviest_view_alone": (weights == weights.max(axis=1, keepdims=True)).astype(np.float32),
    }
    losses = compared(studies, tables, learned_rows, held_rows)
    least = chosen_weight(SectionSums.of(studies, weights, learned_rows))
    found = measured(studies, SectionSums.of(studies, weights, held_rows), least, losses, weights)
    named = {
        section: {view: round(float(weights[row, column]), 4) for column, view in enumerate(studies.views)}
        for row, section in enumerate(studies.sections)
    }
    result = {"mil_weights": named, "min_section_weight": least, "measured": found}
    (out / MIL_FILE).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    text = page(studies, weights, errors)
    (out / TABLE_FILE).write_text(text, encoding="utf-8")
    print(text)
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({"studies": len(studies), "min_section_weight": least, **found, "seconds": seconds}))


if __name__ == "__main__":
    main()
