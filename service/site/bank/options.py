"""What can be asked of a site's bank."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_TARGETS = {"in_distribution": 0.99, "cross_modal": 0.97}  # least recall@50 by kind of query
INDEX_QUERIES = 256  # of each kind, to choose an index by; as many again to judge it by
NAME, NOTICE = "own reports", "Own reports of a site; not to be passed on."


@dataclass(frozen=True, kw_only=True)
class BankOptions:
    """What every change of a bank needs. out: the bank's folder. bundle None: the shipped one.

    name, notice (of the licence) and show_text (may answers quote the reports?) describe a new bank; a bank that is
    there keeps its own.
    """

    out: Path
    key_file: Path
    bundle: Path | None = None
    name: str = NAME
    notice: str = NOTICE
    show_text: bool = False


@dataclass(frozen=True, kw_only=True)
class ReportsToAdd:
    """Reports that become candidates, and where their vectors come from: studies, embeddings, or else their text.

    append: to the bank that is there; without it a new bank is made. dry_run: look, and write no bank.
    Raises ValueError when the options do not fit together.
    """

    reports: Path
    mapping: Path
    studies: Path | None = None
    embeddings: Path | None = None
    embedding_ids: Path | None = None
    append: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.studies is not None and self.embeddings is not None:
            raise ValueError("--studies and --embeddings: vectors come from one of them")
        if (self.embeddings is None) != (self.embedding_ids is None):
            raise ValueError("--embeddings and --embedding-ids go together: the ids say whose rows they are")
