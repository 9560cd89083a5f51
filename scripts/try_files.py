"""What becomes of each file below a folder, one line each: `python -m scripts.try_files FOLDER [--no-echo]`.

A line says used or skipped, the reason's code, frames, size, frame rate and where it was found, the file, and why.
Files are read as the service reads them, and prepared as the default bundle prepares a clip; no network is run. A zip
gives a line for each file in it. Exit status 1 when anything was raised that is not an answer; its traceback goes to
stderr.
"""

import argparse
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from scripts.file_trial import Trial, trials_of


def main() -> None:
    """Prints a line for each file, and a count of each outcome."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="a folder, searched with everything below it, or one file")
    arguments.add_argument("--no-echo", action="store_true", help="only read the files; do not look for a sector")
    chosen = arguments.parse_args()
    counts: dict[str, int] = {}
    for path in files_below(chosen.folder):
        for trial in _tried(path, echo=not chosen.no_echo):
            counts[trial.code] = counts.get(trial.code, 0) + 1
            print(trial.line(str(path.relative_to(chosen.folder)) if path != chosen.folder else path.name), flush=True)
    print(", ".join(f"{count} {code}" for code, count in sorted(counts.items())) or "no files")
    sys.exit("error" in counts)


def files_below(folder: Path) -> list[Path]:
    """The files below a folder in the order of their names; a file itself."""
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]


def _tried(path: Path, *, echo: bool) -> Iterator[Trial]:
    """The outcomes of a file; one that is an error where something was raised."""
    try:
        yield from trials_of(path, echo=echo)
    except Exception as fault:  # this is the script that looks for them
        traceback.print_exc()
        yield Trial("error", f"{type(fault).__name__} was raised")


if __name__ == "__main__":
    main()
