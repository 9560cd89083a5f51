"""Own signed reports become a candidate bank; text is de-identified before anything of it is stored.

    python -m service.site.bank.build_bank --reports reports.csv --mapping columns.yaml --bundle B --key-file site.key
        --out BANK

Vectors are of the text, or of `--studies DIR` (a folder per study, named by its id), or of `--embeddings X.npy` with
`--embedding-ids ids.txt` (one study id per line, in the order of the rows). `--dry-run` writes BANK/last_run alone:
coverage.json, rejects.csv and quarantine.csv. A build that was stopped goes on where it was. `--append` adds to a bank,
`--delete-study` and `--delete-patient` (ids, or their pseudonyms) take out; each makes a new version, which a running
service takes up by itself. The last line is JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from index.errors import BankError
from model.errors import ModelError
from service.site.bank.bank_folder import locked
from service.site.bank.building import BankBuild, BuildInputs
from service.site.errors import OwnReportsError
from service.site.reports.coverage import coverage_lines


def arguments_of(words: list[str] | None) -> argparse.Namespace:
    """The command line. Exits when options do not fit together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=Path, help="CSV of reports")
    parser.add_argument("--mapping", type=Path, help="YAML: what the columns are (service/site/reports/mapping.py)")
    vectors = parser.add_mutually_exclusive_group()
    vectors.add_argument("--studies", type=Path, help="folder with a folder of clips per study")
    vectors.add_argument("--embeddings", type=Path, help="float .npy (M, D)")
    parser.add_argument("--embedding-ids", type=Path, help="study ids of the rows of --embeddings")
    parser.add_argument("--bundle", type=Path, help="bundle that will search the bank; default: the shipped one")
    parser.add_argument("--key-file", type=Path, required=True, help="secret key of the pseudonyms, 16 bytes or more")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bank")
    parser.add_argument("--dry-run", action="store_true", help="look, and write no bank")
    parser.add_argument("--append", action="store_true", help="add to the bank that is there")
    parser.add_argument("--delete-study", nargs="+", default=[], metavar="ID", help="take studies out")
    parser.add_argument(
        "--delete-patient", nargs="+", default=[], metavar="ID", help="take all studies of patients out"
    )
    parser.add_argument(
        "--show-text", action="store_true", help="let answers quote these reports; else they count only"
    )
    parser.add_argument("--name", default="own reports", help="name of the bank")
    parser.add_argument("--notice", default="Own reports of a site; not to be passed on.", help="licence notice")
    arguments = parser.parse_args(words)
    deleting = bool(arguments.delete_study or arguments.delete_patient)
    if deleting == bool(arguments.reports) or bool(arguments.reports) != bool(arguments.mapping):
        parser.error("give --reports with --mapping, or --delete-study or --delete-patient")
    if bool(arguments.embeddings) != bool(arguments.embedding_ids):
        parser.error("--embeddings needs --embedding-ids, which says whose rows they are")
    return arguments


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Does what the command line says. Returns the summary; raises OwnReportsError, BankError or ModelError."""
    started = time.monotonic()
    build = BankBuild(
        BuildInputs(
            out=arguments.out,
            bundle=arguments.bundle,
            key_file=arguments.key_file,
            name=arguments.name,
            notice=arguments.notice,
            show_text=arguments.show_text,
        )
    )
    with locked(arguments.out):
        if arguments.delete_study or arguments.delete_patient:
            summary = build.delete(arguments.delete_study, arguments.delete_patient)
        else:
            summary = build.add(
                arguments.reports,
                arguments.mapping,
                build.source(arguments.studies, arguments.embeddings, arguments.embedding_ids, dry=arguments.dry_run),
                append=arguments.append,
                dry_run=arguments.dry_run,
            )
    return {**summary, "seconds": round(time.monotonic() - started, 1)}


def main(words: list[str] | None = None) -> int:
    """Reads the command line and runs. Returns the exit status."""
    arguments = arguments_of(words)
    try:
        summary = run(arguments)
    except (OwnReportsError, BankError, ModelError, OSError) as error:
        print(f"build_bank: {error}", file=sys.stderr)
        return 1
    if "coverage" in summary:
        rejected, quarantined = Counter(summary["rejected"]), Counter(summary["quarantined"])
        for line in coverage_lines(summary.pop("coverage"), rejected, quarantined):
            print(line)
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
