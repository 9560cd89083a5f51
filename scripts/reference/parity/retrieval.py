"""Golden section vectors, neighbours, report sources and phenotypes against the product's retrieval.

The arrays and the names lie in two files, `echoprime_retrieval.npz` and `.json`; either is checked with the help of the
other. An input counts as checked through the outputs that it leads to.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.phenotype_vote import NOT_ASSESSED
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.parity.comparison import Comparison, Missing
from scripts.reference.parity.golden_arrays import GoldenUnreadable, arrays_of
from scripts.reference.parity.product_retrieval import Arrays, ProductRetrieval, run_product
from scripts.reference.published_pipeline import vote_as_published

VECTORS, SCORES, PHENOTYPES = 1e-5, 1e-4, 1e-4  # tolerances of the golden README
TIE = 1e-4  # ids may change places where float32 scores lie this close
# Each array with the letters of its dimensions: sections, views, clips, dimension, candidates, labels, neighbours.
SHAPES = {
    "section_weights": "sv",
    "clip_embeddings": "cd",
    "clip_views": "c",
    "candidate_embeddings": "md",
    "candidate_labels": "ml",
    "candidate_has_section": "ms",
    "section_embeddings": "sd",
    "top50_ids": "sk",
    "top50_scores": "sk",
    "report_source_candidate": "s",
}
POOLED = ("section_embeddings",)
SEARCHED = ("top50_ids", "top50_scores", "report_source_candidate")
LEADS_TO = {
    "section_weights": (*POOLED, *SEARCHED),
    "clip_embeddings": (*POOLED, *SEARCHED),
    "clip_views": (*POOLED, *SEARCHED),
    "candidate_embeddings": SEARCHED,
    "candidate_has_section": ("report_source_candidate",),
}
NAMES = ("sections", "views", "phenotype_names", "section_to_phenotypes")
ALIGNED, PUBLISHED = "phenotypes_aligned_by_name", "phenotypes_as_published"
_UNNAMED = "not comparable: the golden files state other names than the taxonomy"

Entries = list[Comparison | Missing]


@dataclass(frozen=True, eq=False)
class _Golden:
    """Both golden files; `arrays` or `names` is empty where its file is absent."""

    arrays: Arrays
    names: dict[str, Any]

    @property
    def phenotypes(self) -> tuple[str, ...]:
        """Names of the label columns, empty where they cannot be told."""
        names = tuple(self.names.get("phenotype_names", ()))
        labels = self.arrays.get("candidate_labels")
        fits = labels is not None and labels.ndim == 2 and labels.shape[1] == len(names)
        return names if fits and len(set(names)) == len(names) and set(names) <= set(_TAXONOMY_NAMES) else ()

    @property
    def sections(self) -> tuple[str, ...]:
        """Names of the rows: the stated ones, else the taxonomy's."""
        return tuple(self.names.get("sections", ECHO_TAXONOMY.sections))


_TAXONOMY_NAMES = ECHO_TAXONOMY.phenotype_names


def check_retrieval(golden_file: Path, clip_folders: tuple[Path, ...]) -> Entries:
    """One entry per array of the `.npz`, or per entry of the `.json`. Raises GoldenUnreadable."""
    del clip_folders  # the embeddings are in the file
    arrays_file, names_file = golden_file.with_suffix(".npz"), golden_file.with_suffix(".json")
    golden = _Golden(
        arrays_of(arrays_file) if arrays_file.is_file() else {}, _names(names_file) if names_file.is_file() else {}
    )
    fault = _fault(golden) if golden.arrays else ""
    product = run_product(golden.arrays, golden.sections, golden.phenotypes) if golden.arrays and not fault else None
    is_arrays = golden_file.suffix == ".npz"
    stated = list(golden.arrays if is_arrays else golden.names)
    if product is None and (is_arrays or fault):
        return [Comparison(f"{golden_file.name}:{key}", False, {}, fault) for key in stated]
    found = _array_entries(golden, product) if is_arrays and product is not None else _name_entries(golden, product)
    entries = {key: found.get(key, Missing(key, "no check knows this entry")) for key in stated}
    return [_rename(entry, f"{golden_file.name}:{key}") for key, entry in entries.items()]


def _rename(entry: Comparison | Missing, name: str) -> Comparison | Missing:
    if isinstance(entry, Missing):
        return Missing(name, entry.why)
    return Comparison(name, entry.ok, entry.measured, entry.text)


def _names(path: Path) -> dict[str, Any]:
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise GoldenUnreadable(f"{path.name} cannot be read as JSON ({error})") from error
    if not isinstance(stated, dict):
        raise GoldenUnreadable(f"{path.name} holds no object")
    return stated


def _fault(golden: _Golden) -> str:
    """What makes the arrays unusable, empty where nothing does."""
    arrays = golden.arrays
    lacking = sorted(SHAPES.keys() - arrays.keys())
    if lacking:
        return f"the file lacks {', '.join(lacking)}"
    if len(set(golden.sections)) != len(golden.sections):
        return "the names of the sections are not distinct"
    sizes: dict[str, int] = {"s": len(golden.sections)}
    for key, letters in SHAPES.items():
        if arrays[key].ndim != len(letters) or arrays[key].dtype.kind not in "fiub":
            return f"{key} has {arrays[key].ndim} dimensions of {arrays[key].dtype}, expected {len(letters)} of numbers"
        for letter, size in zip(letters, arrays[key].shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                return f"{key} is {arrays[key].shape}, which does not fit the other arrays"
    views = arrays["clip_views"]
    if views.size and (views.min() < 0 or views.max() >= sizes["v"]):
        return f"clip_views must lie in 0..{sizes['v'] - 1}"
    finite = ("section_weights", "clip_embeddings", "candidate_embeddings")
    not_finite = [key for key in finite if not np.isfinite(arrays[key].astype(np.float64)).all()]
    return f"{not_finite[0]} holds NaN or infinity" if not_finite else ""


def _array_entries(golden: _Golden, product: ProductRetrieval) -> dict[str, Comparison | Missing]:
    """Entries of the arrays: outputs compared, inputs judged by them."""
    arrays = golden.arrays
    outputs = {
        "section_embeddings": _largest("section_embeddings", product.section_embeddings, arrays, VECTORS),
        "top50_ids": _ids(arrays, product),
        "top50_scores": _scores(arrays, product),
        "report_source_candidate": _sources(arrays, product),
    }
    entries: dict[str, Comparison | Missing] = dict(outputs)
    for key, led in LEADS_TO.items():
        entries[key] = _judged(all(outputs[name].ok for name in led))
    entries["candidate_labels"] = Missing("", "the names and phenotypes of echoprime_retrieval.json are needed")
    if golden.phenotypes and ALIGNED in golden.names:
        entries["candidate_labels"] = _judged(_align(golden, product).ok)
    return entries


def _name_entries(golden: _Golden, product: ProductRetrieval | None) -> dict[str, Comparison | Missing]:
    """Entries of the names: compared with the taxonomy; phenotypes with the product's vote."""
    names = golden.names
    sections_of = {p.name: p.section for p in ECHO_TAXONOMY.phenotypes}
    stated = names.get("phenotype_names", [])
    tables = names.get("section_to_phenotypes", {})
    placed = {name: section for section, members in tables.items() for name in members}
    agree = {
        "sections": tuple(names.get("sections", ())) == ECHO_TAXONOMY.sections,
        "views": tuple(names.get("views", ())) == ECHO_TAXONOMY.views,
        "phenotype_names": bool(stated) and len(set(stated)) == len(stated) and set(stated) <= set(sections_of),
        "section_to_phenotypes": all(sections_of.get(name) == section for name, section in placed.items())
        and set(placed) == set(stated),
    }
    entries: dict[str, Comparison | Missing] = {
        key: Comparison("", ok, {}, "as the taxonomy" if ok else "differs from the taxonomy")
        for key, ok in agree.items()
    }
    absent = Missing("", "the arrays of echoprime_retrieval.npz are needed")
    entries[ALIGNED] = _align(golden, product) if product else absent
    entries[PUBLISHED] = _as_published(golden, product) if product else absent
    if product is not None and agree["phenotype_names"]:
        entries["phenotype_names"] = _judged(_ok(entries[ALIGNED]))
    if product is not None and agree["section_to_phenotypes"]:
        entries["section_to_phenotypes"] = _judged(_ok(entries[ALIGNED]) and _ok(entries[PUBLISHED]))
    return entries


def _ok(entry: Comparison | Missing) -> bool:
    return isinstance(entry, Comparison) and entry.ok


def _judged(ok: bool) -> Comparison:
    return Comparison("", ok, {}, "what depends on it agrees" if ok else "something that depends on it differs")


def _largest(key: str, ours: NDArray[Any], arrays: Arrays, tolerance: float) -> Comparison:
    """The largest absolute difference. NaN is never within tolerance."""
    worst = float(np.abs(ours.astype(np.float64) - arrays[key]).max())
    return Comparison(key, worst <= tolerance, {f"{key}_error": worst}, f"worst difference {worst:.2e} ≤ {tolerance}")


def _scores(arrays: Arrays, product: ProductRetrieval) -> Comparison:
    """Scores of the neighbours; a section that nothing speaks for has a zero vector, so all its scores are 0."""
    ours = np.where(product.assessed[:, None], product.top_scores, 0.0)
    return _largest("top50_scores", ours, arrays, SCORES)


def _true_scores(arrays: Arrays, product: ProductRetrieval, ids: NDArray[Any]) -> NDArray[np.float64]:
    """Inner product of each row's section vector with the candidates `ids` (S, K); NaN for an id that is none."""
    candidates = arrays["candidate_embeddings"].astype(np.float64)
    valid = (ids >= 0) & (ids < len(candidates))
    rows = candidates[np.where(valid, ids, 0)]  # (S, K, D)
    scores = np.einsum("skd,sd->sk", rows, product.section_embeddings.astype(np.float64))
    return np.where(valid, scores, np.nan)


def _ids(arrays: Arrays, product: ProductRetrieval) -> Comparison:
    """Equal ids place by place; another id is accepted where its score ties, and only as often as it is a candidate."""
    golden = arrays["top50_ids"].astype(np.int64)[product.assessed]
    ours = product.top_ids[product.assessed]
    differs = golden != ours
    everywhere = arrays["top50_ids"].astype(np.int64)
    gap = np.abs(
        _true_scores(arrays, product, everywhere) - _true_scores(arrays, product, np.maximum(product.top_ids, 0))
    )[product.assessed]
    distinct = all(len(set(row)) == len(row) for row in golden.tolist())
    worst = float(gap[differs].max()) if differs.any() else 0.0
    ok = distinct and bool((gap[differs] <= TIE).all())
    text = f"{int(differs.sum())} of {differs.size} places differ, worst score gap there {worst:.2e} ≤ {TIE}"
    return Comparison("top50_ids", ok, {"id_score_gap": worst}, text)


def _sources(arrays: Arrays, product: ProductRetrieval) -> Comparison:
    """The same candidate, or one that has the section and ties."""
    golden = arrays["report_source_candidate"].astype(np.int64)
    has_section = arrays["candidate_has_section"].astype(bool)
    gaps = np.abs(
        _true_scores(arrays, product, golden[:, None]) - _true_scores(arrays, product, product.source[:, None])
    )[:, 0]
    other = 0
    ok = True
    for row, (theirs, ours) in enumerate(zip(golden.tolist(), product.source.tolist(), strict=True)):
        if theirs == ours or not product.assessed[row]:
            continue
        other += 1
        ok = ok and 0 <= theirs < len(has_section) and bool(has_section[theirs, row] and gaps[row] <= TIE)
    return Comparison(
        "report_source_candidate", ok, {}, f"{other} of {len(golden)} sections come from another candidate"
    )


def _align(golden: _Golden, product: ProductRetrieval) -> Comparison:
    """The product's vote against the published means read off the right rows."""
    if set(product.votes) != set(golden.phenotypes):
        return Comparison("", False, {}, _UNNAMED)
    ours = {
        name: np.nan if vote.value is None else vote.value
        for name, vote in product.votes.items()
        if vote.reason != NOT_ASSESSED
    }
    return _phenotypes(golden.names.get(ALIGNED, {}), ours, golden.phenotypes)


def _as_published(golden: _Golden, product: ProductRetrieval) -> Comparison:
    """The published misaligned rows, from the product's neighbours."""
    tables = golden.names.get("section_to_phenotypes", {})
    columns = {name: golden.arrays["candidate_labels"][:, at] for at, name in enumerate(golden.phenotypes)}
    used = [name for names in tables.values() for name in names]
    if set(used) - set(columns) or len(tables) > len(product.top_ids):
        return Comparison(PUBLISHED, False, {}, _UNNAMED)
    searched = [bool(product.assessed[row]) for row, names in enumerate(tables.values()) for _ in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of no label is NaN, as it should be
        ours = vote_as_published(np.maximum(product.top_ids, 0), columns, tables)
    return _phenotypes(
        golden.names.get(PUBLISHED, {}),
        {name: ours[name] for name, was in zip(used, searched, strict=True) if was},
        golden.phenotypes,
    )


def _phenotypes(golden: Mapping[str, Any], ours: Mapping[str, float], names: tuple[str, ...]) -> Comparison:
    """Every golden phenotype against ours; a section that nothing speaks for has no vote to compare."""
    if not names or set(golden) != set(names):
        return Comparison("", False, {}, _UNNAMED)
    theirs = {name: np.nan if golden[name] is None else float(golden[name]) for name in ours}
    errors = [0.0 if np.isnan([ours[n], theirs[n]]).all() else abs(ours[n] - theirs[n]) for n in ours]
    worst = float(np.max(errors)) if errors else 0.0
    text = f"{len(ours)} of {len(golden)} compared, worst difference {worst:.2e} ≤ {PHENOTYPES}"
    return Comparison("", bool(worst <= PHENOTYPES) and bool(ours), {"phenotype_error": worst}, text)
