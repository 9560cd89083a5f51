"""The fuzzer, for some seconds: its seeds pass, and it finds nothing. `make fuzz` runs for ten minutes."""

import importlib.util
from pathlib import Path

import pytest

from scripts.fuzz import fuzz
from tests.service.ingest.attacks.corpus import write_corpus

SECONDS = 20


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has wheels for Linux on x86-64 only")
def test_seeds_and_what_grows_of_them_in_a_few_seconds(tmp_path: Path) -> None:
    assert write_corpus(tmp_path / "corpus") > 40
    found = fuzz(tmp_path / "corpus", SECONDS, seed=1)
    assert (found["status"], found["inputs"], found["said"]) == (0, [], []), found
    assert found["runs"] > 0
