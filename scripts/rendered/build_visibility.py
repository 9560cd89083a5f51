"""Writes the default's table of which view shows what: the standard views', where the rendered heart shows it too.

    python -m scripts.rendered.build_visibility --out model/echo/visibility.json --bundle model/bundles/default

A view shows a section where `standard_views.json` says so and one of the view's standard pictures holds the section's
structure in nearly all clips. With `--bundle` the bundle's copy and its manifest are written too.
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.bundle import read_bundle, write_bundle
from scripts.rendered.checks.visible_structures import Held, structures_held
from scripts.rendered.phantom.anatomy.views import SUBVIEWS, SUBVIEWS_OF_VIEW
from scripts.rendered.seed_ranges import seed_for

STANDARD_VIEWS = Path(__file__).with_name("standard_views.json")
FILE = "visibility.json"
_NEARLY_ALL = 0.9  # of the clips of a standard picture
_CLIPS = 200  # of each standard picture


def visibility_of(standard: Mapping[str, Any], held: Mapping[str, Held], seed: int) -> dict[str, Any]:
    """The table: of the standard one, what the rendered heart shows too. held: by standard picture (sub-view)."""
    sections = {
        section: [view for view in views if _best_share(section, view, held) >= _NEARLY_ALL]
        for section, views in standard["sections"].items()
    }
    return {**standard, "source": f"{standard['source']} {_measured(standard, held, seed)}", "sections": sections}


def _best_share(section: str, view: str, held: Mapping[str, Held]) -> float:
    """The share of clips with the section's structure, of the view's standard picture that shows it most."""
    return max(held[name].held[section] / held[name].clips for name in SUBVIEWS_OF_VIEW[view])


def _measured(standard: Mapping[str, Any], held: Mapping[str, Held], seed: int) -> str:
    """The threshold and the counts in words."""
    pairs = [(_best_share(s, view, held), s, view) for s, views in standard["sections"].items() for view in views]
    kept, left_out = [pair for pair in pairs if pair[0] >= _NEARLY_ALL], [p for p in pairs if p[0] < _NEARLY_ALL]
    clips = next(iter(held.values())).clips
    lowest = min(kept)
    return (
        f"For the rendered heart a view is kept only where one of its standard pictures holds the section's structure "
        f"in at least {_NEARLY_ALL:.0%} of its clips: {clips} drawn clips of each of {len(held)} pictures "
        f"(python -m scripts.rendered.build_visibility, seed {seed}). Of {len(pairs)} pairs of section and view "
        f"{len(kept)} are kept, the rarest with {lowest[0]:.1%} ({lowest[1]} in {lowest[2]}). "
        f"Left out: {_listed(left_out)}. {_mixed_views(standard, held)}"
    )


def _listed(pairs: Sequence[tuple[float, str, str]]) -> str:
    return ", ".join(f"{section} in {view} ({share:.1%})" for share, section, view in pairs) or "none"


def _mixed_views(standard: Mapping[str, Any], held: Mapping[str, Held]) -> str:
    """Which pairs rest on some of a view's standard pictures only: a clip of the view may be another of them."""
    found = []
    for section, views in standard["sections"].items():
        for view in views:
            names = SUBVIEWS_OF_VIEW[view]
            shown = [name for name in names if held[name].held[section] >= _NEARLY_ALL * held[name].clips]
            share = sum(SUBVIEWS[name].share for name in shown) / sum(SUBVIEWS[name].share for name in names)
            if 0 < share < _NEARLY_ALL:
                found.append(f"{section} in {view} ({share:.0%} of its clips)")
    return f"Seen in some standard pictures of the view only: {', '.join(found)}." if found else ""


def main() -> None:
    """Command line; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=_CLIPS, help="drawn clips of each standard picture")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--bundle", type=Path, help="bundle whose copy is written too")
    args = parser.parse_args()
    seed = seed_for("calibration", 800)
    held = {name: structures_held(name, seed, args.clips) for name in SUBVIEWS}
    table = visibility_of(json.loads(STANDARD_VIEWS.read_text(encoding="utf-8")), held, seed)
    args.out.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if args.bundle is not None:
        manifest = read_bundle(args.bundle)
        shutil.copyfile(args.out, args.bundle / FILE)
        write_bundle(args.bundle, manifest.model_copy(update={"visibility": FILE}))
    print(json.dumps({"pictures": len(held), "clips": args.clips, "out": str(args.out)}))


if __name__ == "__main__":
    main()
