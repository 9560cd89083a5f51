"""Half an hour of studies: `python -m scripts.soak --minutes 30`; the last line is JSON, exit status 1 under a bar.

Clients post a small study, read it and list the newest, over and over. Memory and descriptors of the second quarter of
the time are held against those of the last: what grows with the number of studies shows, what is made once does not.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from scripts.client_load import Holdings, percentiles, post_until
from scripts.local_service import ServiceProcess, local_service
from scripts.sample_study import write_sample_study
from service.access.key_file import add_key

CLIENTS = 4
LOOKS = 120  # at what the service holds, over the whole time
MOST_MORE_BYTES = (
    30 << 20
)  # between the quarters; a clip of the sample has 6.9 MB, kept once in 15 studies it would show
MOST_MORE_DESCRIPTORS = 4


def main() -> None:
    """Runs the soak."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="echoscribe-soak-") as name:
        folder = Path(name)
        _, key = add_key(folder / "keys.json", "default", ("submit", "read"))
        with local_service(folder) as service:
            service.wait_for("warmed_up")
            result = measured(service, folder, key, seconds=minutes * 60)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


def measured(service: ServiceProcess, folder: Path, key: str, *, seconds: float) -> dict[str, Any]:
    """What was seen, and whether every bar held."""
    files, seen = write_sample_study(folder)[:1], list[Holdings]()
    end, over = time.monotonic() + seconds, threading.Event()

    def look() -> None:
        while not over.wait(seconds / LOOKS):
            seen.append(Holdings.of(service.process.pid))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    posts = post_until(service.url, files, key, clients=CLIENTS, ended=lambda: time.monotonic() >= end)
    over.set()
    looking.join(30)
    quarter = max(1, len(seen) // 4)
    early, late = Holdings.middle(seen[quarter : 2 * quarter]), Holdings.middle(seen[-quarter:])
    faults = [event["event"] for event in service.events if event.get("level") in {"error", "critical"}]
    bars = {
        "memory": late.memory_bytes - early.memory_bytes <= MOST_MORE_BYTES,
        "descriptors": late.descriptors - early.descriptors <= MOST_MORE_DESCRIPTORS,
        "no_faults": not faults,
        "alive": service.process.poll() is None,
    }
    return {
        "minutes": round(seconds / 60, 1),
        "studies": len(posts),
        "clients": CLIENTS,
        **percentiles(posts),
        "memory_mib": [early.memory_bytes >> 20, late.memory_bytes >> 20],
        "descriptors": [early.descriptors, late.descriptors],
        "faults": faults[:5],
        "bars": bars,
        "ok": all(bars.values()),
    }


if __name__ == "__main__":
    main()
