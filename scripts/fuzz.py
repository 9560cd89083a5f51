"""Fuzzes the readers for a while: `python -m scripts.fuzz --seconds 600`. The last line is one JSON object.

atheris (libFuzzer with coverage of our readers and pydicom) runs on a corpus of small files of every kind. Exit status
1 for an input that ends it, or for fewer runs than the bar; the input is kept and named.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

LEAST_RUNS_PER_SECOND: Final = 2.0  # on one busy core; an input costs 5 to 50 ms, and less is a hang
_RSS_MB: Final = 3072  # as the whole service may take
_INPUT_SECONDS: Final = 60
_ROOT: Final = Path(__file__).parents[1]


def fuzz(corpus: Path, seconds: int, seed: int) -> dict[str, Any]:
    """What came of a run on that corpus."""
    kept = Path(tempfile.mkdtemp(prefix="echoscribe-fuzz-"))
    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": 1 << 16,
        "rss_limit_mb": _RSS_MB,
        "timeout": _INPUT_SECONDS,
        "print_final_stats": 1,
        "artifact_prefix": f"{kept}/",
    }
    command = [sys.executable, "-m", "scripts.fuzz_target", str(corpus)]
    command += [f"-{name}={value}" for name, value in options.items()]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, errors="replace")
    found = re.findall(r"stat::number_of_executed_units:\s*(\d+)|Done (\d+) runs", done.stderr)
    runs = max((int(number) for pair in found for number in pair if number), default=0)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    inputs = sorted(str(path) for path in kept.iterdir())
    said = [
        line
        for line in done.stderr.splitlines()
        if "Uncaught" in line or re.match(r"\s*\w+(?:Error|Exception)\b", line)
    ]
    return {
        "runs": runs,
        "seconds": seconds,
        "covered": int(covered[-1]) if covered else 0,
        "status": done.returncode,
        "inputs": inputs,
        "said": said[-3:],
    }


def main() -> None:
    """Fuzzes, prints, and ends with 1 under the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="How long; ten minutes find what one does not.")
    parser.add_argument("--seed", type=int, default=1, help="libFuzzer's; another one takes another way.")
    parser.add_argument("--corpus", type=Path, required=True, help="Folder of seeds; new ones are added.")
    arguments = parser.parse_args()
    found = fuzz(arguments.corpus, arguments.seconds, arguments.seed)
    ok = found["status"] == 0 and not found["inputs"] and found["runs"] >= LEAST_RUNS_PER_SECOND * arguments.seconds
    print(json.dumps({"fuzz": "readers", "ok": ok, **found}))
    sys.exit(not ok)


if __name__ == "__main__":
    main()
