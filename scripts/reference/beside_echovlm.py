"""Our decoder beside echovlm's own code: the same release, the same minutes, the same held-out studies, one scorer.

    python -m scripts.reference.beside_echovlm --checkout PATH --release R --minutes 60 --out O [--ours B --bank K]

PATH is a checkout of github.com/vukadinovic936/echovlm; nothing of it is part of this repository, and no file of it is
changed. Its scripts run in an environment that is made in O. The release is imported unless a bank is named; our
decoder is trained for the same minutes unless a bundle is. What is finished in O is kept and not done again.
Ends with a table, O/scores.json and O/table.md.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.candidate_bank import CandidateBank
from scripts.reference.echovlm.environment import Failed
from scripts.reference.echovlm.held_out import STUDIES, HeldOut, Text
from scripts.reference.echovlm.layout import FurtherStudies
from scripts.reference.echovlm.ours import SPEED_RUN, pipeline_of, train_ours, training_figures, write_reports
from scripts.reference.echovlm.page import page_of
from scripts.reference.echovlm.scoring import ReadText, Scored, score, training_means
from scripts.reference.echovlm.theirs import Theirs, theirs_in
from service.site.echoprime.importing import import_release
from service.site.echoprime.layout import find_release
from service.site.observer import Observer

_MODES = ("rag", "generate", "retrieval")


@dataclass(frozen=True)
class Comparison:
    """Where everything lies. ours: a trained bundle, None where it is still to be trained."""

    checkout: Path
    release: Path
    out: Path
    minutes: float
    studies: int
    ours: Path | None
    bank: Path | None
    settings: dict[str, Any]
    dtype: str
    our_dtype: str
    with_studies: bool
    without_speed: bool
    tokens: int

    def say(self, text: str) -> None:
        """One line with the time."""
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def imported(self) -> Path:
        """The folder of the imported release."""
        folder = self.out / "imported"
        if not (folder / "bank").exists():
            self.say("importing the release")
            import_release(self.release, folder, observer=Observer(self.say))
        return folder

    def run(self) -> dict[str, Any]:
        """Everything, stage by stage. Returns the figures."""
        self.out.mkdir(parents=True, exist_ok=True)
        bank_folder = self.bank or self.imported() / "bank"
        bank = CandidateBank.open(bank_folder, None)
        held_out = HeldOut.of_release(self.release, bank, self.studies)
        texts, measured = self._theirs(bank, held_out)
        bundle = self.ours or self._train_ours(bank_folder)
        votes: dict[str, dict[str, Any]] = {}
        seconds: dict[str, Any] = {}
        pipeline = pipeline_of(bundle, bank_folder, held_out, self.our_dtype)
        for mode in (name for name in _MODES if name in pipeline.modes):
            self.say(f"our reports, mode {mode}")
            written = write_reports(pipeline, held_out, mode)
            texts[mode], votes[mode] = list(written.texts), dict(written.votes)
            seconds[mode] = {"write_seconds": round(written.seconds, 4), "unwritten_sections": written.unwritten}
        self._keep(texts, held_out)
        self.say("scoring")
        scored = self._scores(bank, held_out, texts, votes)
        speed = {} if self.without_speed else self._speed(bank_folder)
        figures = _figures(scored, measured, seconds) | {"our_training_at_its_size": speed}
        (self.out / "scores.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        (self.out / "table.md").write_text(page_of(scored, figures), encoding="utf-8")
        return figures

    def _theirs(self, bank: CandidateBank, held_out: HeldOut) -> tuple[dict[str, list[Text]], dict[str, Any]]:
        theirs = theirs_in(self.out / "theirs", self.checkout, self.settings, self.dtype)
        if not (theirs.folder / "assets" / "tokenizer").exists():
            self.say("preparing the release for echovlm, training its tokenizer")
            sources = find_release(self.release).label_sources
            if sources is None:
                raise Failed(f"{self.release}: echovlm's evaluation needs assets/per_section.json")
            theirs.prepare(bank, held_out, sources, self._further(bank))
        if not (theirs.folder / "measured.json").exists():
            self.say(f"training echovlm's decoder for {self.minutes:g} minutes")
            theirs.train(60 * self.minutes)
        self.say("echovlm's reports")
        return self._their_reports(theirs, bank, held_out), theirs.measured

    def _their_reports(self, theirs: Theirs, bank: CandidateBank, held_out: HeldOut) -> dict[str, list[Text]]:
        sections = bank.manifest.sections
        kept = np.setdiff1d(np.arange(bank.manifest.candidates), held_out.candidates).astype(np.int64)
        return {
            "echovlm": theirs.write("nearest", held_out.nearest(bank, kept), sections, self.tokens),
            "echovlm, own vector": theirs.write("own", held_out.vectors, sections, self.tokens),
        }

    def _train_ours(self, bank_folder: Path) -> Path:
        out = self.out / "ours"
        if not out.exists():
            self.say(f"training our decoder for {self.minutes:g} minutes")
            train_ours(bank_folder, out, [*self._studies(), "--minutes", str(self.minutes)])
        return out

    def _speed(self, bank_folder: Path) -> dict[str, Any]:
        """What our training reads in a second at echovlm's size, in a short run of its own."""
        out = self.out / "speed"
        if not out.exists():
            self.say("our training at echovlm's size, for its speed")
            train_ours(bank_folder, out, ["--size", "full", "--minutes", "0", *SPEED_RUN])
        return training_figures(out)

    def _studies(self) -> list[str]:
        folder = self.release / STUDIES / "train"
        return ["--studies", str(folder)] if self.with_studies else []

    def _further(self, bank: CandidateBank) -> FurtherStudies | None:
        if not self.with_studies:
            return None
        studies = HeldOut.of_folder(self.release / STUDIES / "train", bank)
        return FurtherStudies(studies.vectors, studies.truths)

    def _keep(self, texts: dict[str, list[Text]], held_out: HeldOut) -> None:
        for name, own in {**texts, "truth": list(held_out.truths)}.items():
            lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in own)
            (self.out / f"reports_{name.replace(', ', '_').replace(' ', '_')}.jsonl").write_text(lines, "utf-8")

    def _scores(
        self, bank: CandidateBank, held_out: HeldOut, texts: dict[str, list[Text]], votes: dict[str, dict[str, Any]]
    ) -> dict[str, Scored]:
        learned = np.setdiff1d(np.arange(bank.manifest.candidates), held_out.candidates)
        means = training_means(bank, learned)
        truth = [ReadText.of(text) for text in held_out.truths]
        return {
            name: score(truth, [ReadText.of(text) for text in own], means, votes.get(name))
            for name, own in texts.items()
        }


def _figures(scored: dict[str, Scored], measured: dict[str, Any], seconds: dict[str, Any]) -> dict[str, Any]:
    differences = {
        name: {
            "core_metric": vars(scored["rag"].table.less(other.table)),
            "macro_f1_abnormal": vars(scored["rag"].f1_less(other)),
        }
        for name, other in scored.items()
        if name != "rag" and "rag" in scored
    }
    systems = {name: {**one.fields(), **seconds.get(name, {})} for name, one in scored.items()}
    return {"systems": systems, "rag_less": differences, "echovlm_training": measured}


def main() -> int:
    """Reads the command line. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True, help="checkout of echovlm")
    parser.add_argument("--release", type=Path, required=True, help="folder of a release")
    parser.add_argument("--minutes", type=float, required=True, help="of training, for each system")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything that is made")
    parser.add_argument("--studies", type=int, default=300, help="held-out studies")
    parser.add_argument("--ours", type=Path, help="a bundle with a decoder that was trained already")
    parser.add_argument("--bank", type=Path, help="the release's bank, where it was imported already")
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON: constants of echovlm's training script")
    parser.add_argument(
        "--dtype", default="float32", help="arithmetic of echovlm's training; its own: float32 on a CPU"
    )
    parser.add_argument("--our-dtype", default="float32", help="arithmetic of our reports")
    parser.add_argument("--with-studies", action="store_true", help="both learn from the release's train studies too")
    parser.add_argument("--without-speed", action="store_true", help="leave out the run that measures our speed")
    parser.add_argument("--tokens", type=int, default=1024, help="most tokens of a report of echovlm; its own limit")
    arguments = parser.parse_args()
    try:
        figures = Comparison(**vars(arguments)).run()
    except (Failed, OSError, ValueError) as error:
        print(f"beside_echovlm: {error}", file=sys.stderr)
        return 1
    print((arguments.out / "table.md").read_text(encoding="utf-8"))
    print(json.dumps({name: one["core_metric"] for name, one in figures["systems"].items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
