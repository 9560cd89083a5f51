"""`echoscribe feedback`: signed reports of a running service, beside their drafts, to train and validate with."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from service.cli.output import examples, print_summary
from service.client import EchoScribeClient
from service.documents.edition import SignedFeedback

FEEDBACK_EXAMPLES = examples("echoscribe feedback --url http://127.0.0.1:8000 --out signed")
_PAGE = 100  # the most that the service gives at once


def feedback(
    *,
    url: Annotated[str, typer.Option(help="Of the service; its key comes from ECHOSCRIBE_KEY.")],
    out: Annotated[
        Path, typer.Option(help="Folder that gets signed.csv (for `validate`) and feedback.jsonl; must not exist.")
    ],
) -> None:
    """Fetch what physicians made of drafts. The texts are as they were signed: they may name a patient."""
    out.mkdir(parents=True, mode=0o700)
    with EchoScribeClient(url) as client:
        rows = list(_newest_of_each(client))
    with (out / "feedback.jsonl").open("x", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row.model_dump(mode="json"), ensure_ascii=False) + "\n" for row in rows)
    write_signed(out / "signed.csv", rows)
    print_summary({"signed": len(rows), "changed": sum(bool(row.changes) for row in rows)})


def _newest_of_each(client: EchoScribeClient) -> Iterator[SignedFeedback]:
    """The last signed version of each study; earlier ones were amended."""
    seen: set[str] = set()
    after = None
    while True:
        page = client.feedback(limit=_PAGE, after=after)
        for row in page.signed:
            if row.study_id not in seen:
                seen.add(row.study_id)
                yield row
        after = page.next
        if after is None:
            return


def write_signed(path: Path, rows: list[SignedFeedback]) -> None:
    """The table that `validate` reads. The service knows no patients, so each study stands for one of its own."""
    sections = list(dict.fromkeys(name for row in rows for name in row.final))
    with path.open("x", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["study", "patient", *sections])
        table.writerows([row.study_id, row.study_id, *(row.final.get(name, "") for name in sections)] for row in rows)
