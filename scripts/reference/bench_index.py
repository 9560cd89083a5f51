"""A full-size bank: import, start, search against the published scan, and growth, with bars; the last line is JSON.

    python -m scripts.reference.bench_index --bank BANK [--bundle BUNDLE] [--generator-seed 0] [--growth 100000 300000
        …]
    python -m scripts.reference.bench_index --release R --into F    # imports to F first, builds the index, and
        measures both

`search` compares 15 sections × top 200 with the published float32 scan in turns, and recall@50 with queries that
neither chose nor judged the index. `growth` builds the recorded kind of index at each size in a folder that it removes:
3 million candidates take 3 GB of disk. `start` needs a bundle; with a synthetic release the published start is measured
beside it (15 GB of memory). The exit status is 1 when a bar does not hold.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.candidate_bank import CandidateBank
from scripts.reference.benchmark import bank_start
from scripts.reference.benchmark.bank_search import SearchBench
from scripts.reference.benchmark.measured import Row
from scripts.reference.release.candidate_vectors import CandidateVectors
from service.artifacts import set_threads
from service.site.bank.indexing import IndexOrder, IndexRefused, add_index
from service.site.bank.options import DEFAULT_TARGETS
from service.site.observer import Observer

ROWS = ("import", "index", "start", "search", "growth")


def rows(options: argparse.Namespace) -> Mapping[str, Callable[[], Row]]:
    """Row → what measures it, in the order in which they must run; rows that lack what they need are left out."""
    bank: Path = options.bank or options.into / "bank"
    bundle: Path | None = options.bundle or (options.into / "bundle" if options.into else None)
    found: dict[str, Callable[[], Row]] = {}
    if options.release and options.into:
        found["import"] = lambda: bank_start.imported(options.release, options.into)
        found["index"] = lambda: _indexed(bank, options)
    if bundle is not None:
        found["start"] = lambda: bank_start.start(bundle, bank, options.release)
    seed: int | None = options.generator_seed
    generator = None if seed is None else CandidateVectors(seed)
    bench = SearchBench(generator, options.queries, options.repeats)
    found["search"] = lambda: bench.row(CandidateBank.open(bank, None))
    if options.growth:
        found["growth"] = lambda: bench.growth(options.growth, _index_of(bank), options.folder)
    return found


def _indexed(bank: Path, options: argparse.Namespace) -> Row:
    """The index built as the command builds it; its bars are its own targets."""
    seed: int | None = options.generator_seed
    order = IndexOrder(bank, DEFAULT_TARGETS, generator=None if seed is None else CandidateVectors(seed))
    set_threads(options.threads)
    try:
        add_index(order, Observer(say=lambda text: print(text, flush=True)))
    except IndexRefused as refused:
        print(f"index: {refused}", flush=True)
        published = False
    else:
        published = True
    return Row("index", None, None, {"an index reaches its targets": published})


def _index_of(bank: Path) -> dict[str, Any]:
    """The recorded search. Raises ValueError for a bank without an index, which has no kind to build at other sizes."""
    search = CandidateBank.open(bank, None).manifest.search
    if "file" not in search:
        raise ValueError(f"{bank}: has no index; build one: echoscribe bank index --bank {bank}")
    return search


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every bar that was asked for was measured and holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, help="folder of the bank; else INTO/bank")
    parser.add_argument("--bundle", type=Path, help="folder of its bundle; else INTO/bundle")
    parser.add_argument("--release", type=Path, help="folder of a release, to import and to compare the start with")
    parser.add_argument("--into", type=Path, help="new folder for the import")
    parser.add_argument("--generator-seed", type=int, help="seed of a synthetic release; else candidates are held out")
    parser.add_argument("--growth", type=int, nargs="*", default=[], help="numbers of candidates")
    parser.add_argument("--folder", type=Path, help="where the vectors of `growth` lie meanwhile")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=[], help="rows to measure; all unless said")
    parser.add_argument("--queries", type=int, default=256, help="of each kind, for recall")
    parser.add_argument("--repeats", type=int, default=5, help="counted repeats; the median is told")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of torch and FAISS")
    options = parser.parse_args(arguments)
    if not options.bank and not options.into:
        parser.error("--bank or --into is needed")
    set_threads(options.threads)
    asked = options.only or ROWS
    measured: dict[str, Row] = {}
    for name, measure in rows(options).items():
        if name in asked:
            measured[name] = measure()
            print(measured[name].line(), flush=True)
    lacking = [name for name in asked if name not in measured]
    ok = all(row.ok for row in measured.values()) and not (options.only and lacking)
    reported = {name: row.json() for name, row in measured.items()}
    print(json.dumps({"ok": ok, "threads": options.threads, "not_measured": lacking, "rows": reported}))
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
