"""The golden retrieval numbers hold, and any one array that is changed is found and named."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY, SECTIONS, VIEWS
from scripts.reference.parity.comparison import Comparison, Missing
from scripts.reference.parity.golden_arrays import GoldenUnreadable
from scripts.reference.parity.retrieval import ALIGNED, NAMES, PUBLISHED, SHAPES, check_retrieval
from scripts.reference.published_pipeline import nearest, report_candidates, section_vectors, vote, vote_as_published
from tests.reference import GOLDEN

PHENOTYPES = tuple(name for name in ECHO_TAXONOMY.phenotype_names if "septum" not in name)
SECTION_OF = {p.name: p.section for p in ECHO_TAXONOMY.phenotypes if p.name in PHENOTYPES}


def own_golden(folder: Path, seed: int = 0, candidates: int = 300) -> Path:
    """A folder of the golden layout, made by the published algorithm on random inputs of other sizes."""
    rng = np.random.default_rng(seed)
    weights = rng.random((len(SECTIONS), len(VIEWS)))
    clips = rng.standard_normal((5, 48)).astype(np.float32)
    views = np.array([0, 3, 3, 7, 10])
    vectors = rng.standard_normal((candidates, 48)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = rng.integers(0, 2, (candidates, len(PHENOTYPES))).astype(np.float32)
    labels[rng.random(labels.shape) < 0.3] = np.nan
    has_section = rng.random((candidates, len(SECTIONS))) < 0.4
    weights[4] = 0  # a section that no view speaks for
    pooled = section_vectors(clips, views, weights)
    ids, scores = nearest(pooled, vectors, 20)
    columns = {name: labels[:, at] for at, name in enumerate(PHENOTYPES)}
    tables: dict[str, list[str]] = {}
    for name, section in SECTION_OF.items():
        tables.setdefault(section, []).append(name)
    arrays: dict[str, Any] = {
        "section_weights": weights,
        "clip_embeddings": clips,
        "clip_views": views,
        "candidate_embeddings": vectors,
        "candidate_labels": labels,
        "candidate_has_section": has_section,
        "section_embeddings": pooled,
        "top50_ids": ids,
        "top50_scores": scores,
        "report_source_candidate": np.array(report_candidates(pooled, vectors, has_section)),
    }
    names = {
        "sections": SECTIONS,
        "views": VIEWS,
        "phenotype_names": PHENOTYPES,
        "section_to_phenotypes": tables,
        ALIGNED: vote(ids, SECTIONS, columns, SECTION_OF),
        PUBLISHED: vote_as_published(ids, columns, tables),
    }
    np.savez(folder / "echoprime_retrieval.npz", **arrays)
    (folder / "echoprime_retrieval.json").write_text(json.dumps(names))
    return folder


def entries(folder: Path) -> dict[str, Comparison | Missing]:
    files = [folder / f"echoprime_retrieval.{suffix}" for suffix in ("npz", "json")]
    found = [entry for file in files if file.is_file() for entry in check_retrieval(file, ())]
    return {entry.array.partition(":")[2]: entry for entry in found}


def failed(folder: Path) -> set[str]:
    return {name for name, entry in entries(folder).items() if isinstance(entry, Missing) or not entry.ok}


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_golden(tmp_path_factory.mktemp("golden"))


def copied(golden: Path, folder: Path) -> Path:
    shutil.copytree(golden, folder, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_and_sizes_hold(tmp_path: Path, seed: int) -> None:
    found = entries(own_golden(tmp_path, seed, candidates=60 * seed))
    assert set(found) == {*SHAPES, *NAMES, ALIGNED, PUBLISHED}
    assert failed(tmp_path) == set()


@pytest.mark.shared
def test_the_reference_numbers_hold() -> None:
    assert set(entries(GOLDEN)) == {*SHAPES, *NAMES, ALIGNED, PUBLISHED}
    assert failed(GOLDEN) == set()


def changed(key: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array with a change that a wrong implementation could make."""
    if key in ("clip_views", "top50_ids", "report_source_candidate"):
        return np.roll(array, 1)
    if array.dtype == bool:
        return ~array
    return array[::-1].copy() if key in ("section_weights", "candidate_labels") else array + np.float32(0.01)


@pytest.mark.parametrize("key", SHAPES)
def test_a_changed_array_is_named(golden: Path, tmp_path: Path, key: str) -> None:
    folder = copied(golden, tmp_path)
    with np.load(folder / "echoprime_retrieval.npz") as stored:
        arrays = dict(stored)
    np.savez(folder / "echoprime_retrieval.npz", **{**arrays, key: changed(key, arrays[key])})
    assert key in failed(folder)


def rename_tensors(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [value[1], value[0], *value[2:]]
    if key == "section_to_phenotypes":
        return {name: members for (name, _), members in zip(value.items(), [*value.values()][::-1], strict=True)}
    return {**value, "ejection_fraction": value["ejection_fraction"] + 0.001}


@pytest.mark.parametrize("key", [*NAMES, ALIGNED, PUBLISHED])
def test_a_changed_name_or_value_is_named(golden: Path, tmp_path: Path, key: str) -> None:
    folder = copied(golden, tmp_path)
    path = folder / "echoprime_retrieval.json"
    names = json.loads(path.read_text())
    path.write_text(json.dumps({**names, key: rename_tensors(key, names[key])}))
    assert key in failed(folder)


@pytest.mark.parametrize("seed", [0, 1])
def test_ids_may_change_places_only_at_ties(tmp_path: Path, seed: int) -> None:
    folder = own_golden(tmp_path, seed)
    with np.load(folder / "echoprime_retrieval.npz") as stored:
        arrays = dict(stored)
    vectors = arrays["candidate_embeddings"]
    vectors[arrays["top50_ids"][0, 0]] = vectors[arrays["top50_ids"][0, 1]]  # equal scores in every section
    ids, scores = nearest(arrays["section_embeddings"], vectors, 20)
    other = ids[0].copy()
    other[[0, 1]] = other[[1, 0]]
    sources = np.array(report_candidates(arrays["section_embeddings"], vectors, arrays["candidate_has_section"]))
    for row, ok in ((other, True), (np.roll(ids[0], 1), False), (np.full(20, other[0]), False)):
        new = {"candidate_embeddings": vectors, "top50_ids": np.vstack([row, ids[1:]]), "top50_scores": scores}
        np.savez(folder / "echoprime_retrieval.npz", **{**arrays, **new, "report_source_candidate": sources})
        assert ("top50_ids" not in failed(folder)) == ok


def test_what_cannot_be_checked_is_missing(golden: Path, tmp_path: Path) -> None:
    folder = copied(golden, tmp_path)
    (folder / "echoprime_retrieval.json").rename(folder / "names")
    found = entries(folder)
    assert isinstance(found["candidate_labels"], Missing)
    assert failed(folder) == {"candidate_labels"}
    (folder / "echoprime_retrieval.npz").unlink()
    (folder / "names").rename(folder / "echoprime_retrieval.json")
    assert {name for name, entry in entries(folder).items() if isinstance(entry, Missing)} == {ALIGNED, PUBLISHED}


@pytest.mark.parametrize("key", SHAPES)
def test_arrays_that_do_not_fit_fail_rather_than_crash(golden: Path, tmp_path: Path, key: str) -> None:
    folder = copied(golden, tmp_path)
    with np.load(folder / "echoprime_retrieval.npz") as stored:
        arrays = dict(stored)
    for bad in (arrays[key][:-1], arrays[key][None], arrays[key].astype(str)):
        np.savez(folder / "echoprime_retrieval.npz", **{**arrays, key: bad})
        assert key in failed(folder)
    np.savez(folder / "echoprime_retrieval.npz", **{name: a for name, a in arrays.items() if name != key})
    assert len(failed(folder)) >= len(SHAPES) - 1


def test_files_that_cannot_be_read_are_named(golden: Path, tmp_path: Path) -> None:
    folder = copied(golden, tmp_path)
    (folder / "echoprime_retrieval.json").write_text("{")
    with pytest.raises(GoldenUnreadable, match=r"echoprime_retrieval\.json"):
        check_retrieval(folder / "echoprime_retrieval.npz", ())
