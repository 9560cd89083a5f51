"""A small site: a bundle without networks, a messy CSV, embeddings named by study; everything seeded and torch-free."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.site_reports.messy_reports import MAPPING, MessyTable, messy_table
from service.site.bank.building import add_reports, delete_candidates
from service.site.bank.options import BankOptions, ReportsToAdd

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

    def build(
        self, *, reports: str = "reports.csv", out: str = "BANK", show_text: bool = False, **adding: Any
    ) -> dict[str, Any]:
        """Adds this site's reports, with the vectors of its file unless clips are named."""
        files: dict[str, Any] = {"reports": self.folder / reports, "mapping": self.folder / "columns.yaml"}
        if "studies" not in adding:
            files |= {"embeddings": self.folder / "X.npy", "embedding_ids": self.folder / "ids.txt"}
        return add_reports(self.options(out, show_text=show_text), ReportsToAdd(**files, **adding))

    def delete(self, studies: Sequence[str] = (), patients: Sequence[str] = ()) -> dict[str, Any]:
        """Takes studies and patients out of this site's bank."""
        return delete_candidates(self.options("BANK"), studies, patients)

    def options(self, out: str, *, show_text: bool = False) -> BankOptions:
        """This site's bundle, key and a bank of this name."""
        folder = self.folder
        return BankOptions(
            out=folder / out, key_file=folder / "site.key", bundle=folder / "bundle", show_text=show_text
        )


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
