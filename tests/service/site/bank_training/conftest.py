"""One invented bank, bundle and folder of studies for all tests of the room."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from service.artifacts import ArtifactPaths
from tests.service.site.bank_training.invented_bank import write_bank_of, write_bundle_of, write_studies_of


@dataclass(frozen=True)
class Invented:
    """Folders that tests read and never write."""

    paths: ArtifactPaths
    studies: Path

    def words(self, out: Path, *more: str) -> list[str]:
        """A small training on the command line."""
        given = ["--bundle", self.paths.bundle, "--bank", self.paths.bank, "--out", out, "--device", "cpu"]
        small = ["--minutes", "0", "--steps", "4", "--candidates", "24", "--rows-per-step", "8", "--test-studies", "3"]
        return ["train", "decoder", *map(str, given), *small, *more]


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Invented:
    """The folders."""
    folder = tmp_path_factory.mktemp("invented")
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    write_bundle_of(paths.bundle)
    write_bank_of(paths)
    write_studies_of(folder / "studies")
    return Invented(paths, folder / "studies")
