"""Clients that post studies to a running service, what each waited for, and what the service holds meanwhile."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from service.client import EchoScribeClient

_PATIENCE_SECONDS = 3600.0  # a client of a full queue comes back as Retry-After says


@dataclass(frozen=True)
class Post:
    """One study that was answered: whose it was, and how long its client waited, refusals included."""

    tenant: str
    study_id: str
    seconds: float


def post_all(url: str, files: Sequence[Path], keys: dict[str, str], *, clients: int, studies: int) -> list[Post]:
    """The posts of so many clients at once, each with the key of a tenant. Raises ClientError."""
    tenants = [list(keys)[number % len(keys)] for number in range(clients)]
    numbers = iter(range(studies))
    taking = threading.Lock()

    def one_client(tenant: str) -> list[Post]:
        posts: list[Post] = []
        with EchoScribeClient(url, key=keys[tenant], patience_seconds=_PATIENCE_SECONDS) as client:
            while True:
                with taking:
                    if next(numbers, None) is None:
                        return posts
                posts.append(one_post(client, files, tenant))

    with ThreadPoolExecutor(clients) as pool:
        return [post for posts in pool.map(one_client, tenants) for post in posts]


def post_until(url: str, files: Sequence[Path], key: str, *, clients: int, ended: Callable[[], bool]) -> list[Post]:
    """The posts of clients that go on until `ended`, each followed by reads. Raises ClientError."""

    def one_client(_: int) -> list[Post]:
        posts: list[Post] = []
        with EchoScribeClient(url, key=key, patience_seconds=_PATIENCE_SECONDS) as client:
            while not ended():
                posts.append(one_post(client, files, "default"))
                client.wait(posts[-1].study_id)
                client.phenotypes(limit=5)
        return posts

    with ThreadPoolExecutor(clients) as pool:
        return [post for posts in pool.map(one_client, range(clients)) for post in posts]


def one_post(client: EchoScribeClient, files: Sequence[Path], tenant: str) -> Post:
    """One study, posted and waited for."""
    started = time.monotonic()
    document = client.report(files)
    return Post(tenant, document.study_id, time.monotonic() - started)


def kept_studies(url: str, key: str) -> set[str]:
    """Every study that the service lists for this key."""
    found, after = set[str](), None
    with EchoScribeClient(url, key=key) as client:
        while True:
            page = client.phenotypes(limit=100, after=after)
            found |= {study.study_id for study in page.studies}
            if (after := page.next) is None:
                return found


def percentiles(posts: Sequence[Post]) -> dict[str, float]:
    """p50, p95 and p99 of the seconds that clients waited."""
    cuts = quantiles([post.seconds for post in posts], n=100, method="inclusive")
    return {f"p{at}_seconds": round(cuts[at - 1], 3) for at in (50, 95, 99)}


@dataclass(frozen=True)
class Holdings:
    """What a process holds: proportional memory of it and of all it started, and its own open files."""

    memory_bytes: int
    descriptors: int

    @classmethod
    def of(cls, process: int) -> "Holdings":
        """What it holds now."""
        return cls(sum(map(_proportional_bytes, _family(process))), len(list(Path(f"/proc/{process}/fd").iterdir())))

    @classmethod
    def middle(cls, several: Sequence["Holdings"]) -> "Holdings":
        """The medians, which a decoder that just starts does not move."""
        return cls(
            int(median(each.memory_bytes for each in several)), int(median(each.descriptors for each in several))
        )


def _family(process: int) -> list[int]:
    found = [process]
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += _family(int(child))
    return found


def _proportional_bytes(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0
