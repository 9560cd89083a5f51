"""A small site: a bundle without networks, a messy CSV, embeddings named by study; everything seeded and torch-free."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.site_reports.messy_reports import MAPPING, MessyTable, messy_table
from service.site.bank.build_bank import arguments_of, run

DIMENSION = 8
PHRASES = Path(__file__).parents[3] / "model" / "echo" / "phrases" / "en.json"


def write_small_bundle(folder: Path) -> Path:
    """An echo bundle whose video encoder is three bytes: enough to build a bank from given embeddings."""
    folder.mkdir(parents=True)
    (folder / "video_encoder.safetensors").write_bytes(b"net")
    shutil.copyfile(PHRASES, folder / "phrases.json")
    write_bundle(
        folder,
        BundleManifest(
            name="small",
            trained=True,
            domain="clinical",
            preprocessing={},
            networks={"video_encoder": {"file": "video_encoder.safetensors"}},
            embedding_dim=DIMENSION,
            view_weighting="argmax",
            min_section_weight=0.5,
            mil_weights={section: dict.fromkeys(ECHO_TAXONOMY.views, 1.0) for section in ECHO_TAXONOMY.sections},
            phrases="phrases.json",
            licence_notice="MIT",
            **taxonomy_fields(ECHO_TAXONOMY),
        ),
    )
    return folder


@dataclass(frozen=True)
class SmallSite:
    """Files of a site in one folder."""

    folder: Path
    table: MessyTable

    @property
    def bank(self) -> Path:
        return self.folder / "BANK"

    def build(self, *words: str, reports: str = "reports.csv", out: str = "BANK") -> dict[str, Any]:
        """Runs the command with this site's files."""
        given = ["--reports", self.folder / reports, "--mapping", self.folder / "columns.yaml"]
        given += ["--embeddings", self.folder / "X.npy", "--embedding-ids", self.folder / "ids.txt"]
        return self.run(*map(str, given), *words, out=out)

    def run(self, *words: str, out: str = "BANK") -> dict[str, Any]:
        """Runs the command with bundle, key and bank alone."""
        fixed = ["--bundle", self.folder / "bundle", "--key-file", self.folder / "site.key", "--out", self.folder / out]
        return run(arguments_of([*map(str, fixed), *words]))


def small_site(folder: Path, studies: int = 40, seed: int = 5, *, planted: bool = True) -> SmallSite:
    """A site with a vector for every study of its CSV."""
    table = messy_table(seed, studies, [english(), german().language], planted=planted)
    write_small_bundle(folder / "bundle")
    (folder / "reports.csv").write_bytes(table.csv)
    (folder / "columns.yaml").write_text(MAPPING)
    (folder / "site.key").write_bytes(bytes(range(32)))
    names = sorted({*table.patients, *(study for study, why in table.bad if study and why != "broken_encoding")})
    np.save(folder / "X.npy", np.random.default_rng(seed).standard_normal((len(names), DIMENSION)).astype(np.float32))
    (folder / "ids.txt").write_text("\n".join(names))
    return SmallSite(folder, table)


def content_of(bank: Path) -> dict[str, bytes]:
    """Every file of a bank's current version but for `bank.json`, whose hashes follow from them."""
    version = bank / (bank / "current").read_text().strip()
    manifest = json.loads((version / "bank.json").read_text())
    return {name: (version / name).read_bytes() for name in manifest["files"]} | {
        "hashes": json.dumps(manifest).encode()
    }
