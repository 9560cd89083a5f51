"""Many clients at once: `python -m scripts.load`; the last line is JSON, the exit status 1 under a bar.

Starts the service with a key for each of four tenants, and posts one small study again and again. Every study must be
answered, listed for its tenant and for no other, and no tenant may wait much longer than another.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

from scripts.client_load import Holdings, kept_studies, percentiles, post_all
from scripts.local_service import ServiceProcess, local_service
from scripts.sample_study import write_sample_study
from service.access.key_file import add_key

TENANTS = ("a", "b", "c", "d")
MOST_MORE_BYTES = 200 << 20  # what allocators keep of eight studies at once; a leak of one clip a study is far more
MOST_MORE_DESCRIPTORS = 40  # kept-alive connections of the clients
WORST_TURN = 1.5  # mean wait of one tenant over that of all


def main() -> None:
    """Runs the load."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="echoscribe-load-") as name:
        folder = Path(name)
        keys = {tenant: add_key(folder / "keys.json", tenant, ("submit", "read"))[1] for tenant in TENANTS}
        with local_service(folder) as service:
            service.wait_for("warmed_up")
            result = measured(service, folder, keys, studies=arguments.studies, clients=arguments.clients)
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


def measured(
    service: ServiceProcess, folder: Path, keys: dict[str, str], *, studies: int, clients: int
) -> dict[str, Any]:
    """What was seen, and whether every bar held."""
    files = write_sample_study(folder)[:1]
    post_all(service.url, files, keys, clients=len(keys), studies=len(keys) * 2)  # what is made once is made before
    before, started = Holdings.of(service.process.pid), time.monotonic()
    posts = post_all(service.url, files, keys, clients=clients, studies=studies)
    seconds, after = time.monotonic() - started, Holdings.of(service.process.pid)
    waits = {tenant: mean([post.seconds for post in posts if post.tenant == tenant] or [0.0]) for tenant in keys}
    kept = {tenant: kept_studies(service.url, key) for tenant, key in keys.items()}
    own = {tenant: {post.study_id for post in posts if post.tenant == tenant} for tenant in keys}
    bars = {
        "all_answered": len({post.study_id for post in posts}) == studies,
        "all_kept_and_where_they_belong": all(own[tenant] <= kept[tenant] for tenant in keys)
        and sum(map(len, kept.values())) == studies + len(keys) * 2,
        "memory": after.memory_bytes - before.memory_bytes <= MOST_MORE_BYTES,
        "descriptors": after.descriptors - before.descriptors <= MOST_MORE_DESCRIPTORS,
        "turns": max(waits.values()) <= WORST_TURN * mean(waits.values()),
    }
    return {
        "studies": len(posts),
        "clients": clients,
        "tenants": len(keys),
        "seconds": round(seconds, 1),
        **percentiles(posts),
        "mean_wait_seconds": {tenant: round(wait, 3) for tenant, wait in waits.items()},
        "refused_for_now": sum(event.get("code") == "queue_full" for event in service.events),
        "more_memory_mib": (after.memory_bytes - before.memory_bytes) >> 20,
        "more_descriptors": after.descriptors - before.descriptors,
        "bars": bars,
        "ok": all(bars.values()),
    }


if __name__ == "__main__":
    main()
