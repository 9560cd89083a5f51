"""Drafts that were stored in shadow mode, read from disk beside the service that writes them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from service.errors import StoreUnavailable, UnknownStudy
from service.schemas import ReportDocument
from service.settings import PostgresPlace
from service.store.postgresql import documents_of


def drafts_in(place: Path | PostgresPlace, study_id: str | None = None) -> Iterator[ReportDocument]:
    """The drafts of a store, newest first; of one study where its id is given. Nothing is written or locked.

    Raises StoreUnavailable when there is no such store or it cannot be read, UnknownStudy for an id without a draft.
    """
    kept = _in_file(place, study_id) if isinstance(place, Path) else documents_of(place, study_id)
    documents = list(kept)
    if study_id is not None and not documents:
        raise UnknownStudy("study_id: no draft of this study", field="study_id")
    yield from (ReportDocument.model_validate_json(document) for document in documents)


def _in_file(path: Path, study_id: str | None) -> Iterator[str]:
    if not path.is_file():
        raise StoreUnavailable(
            f"{path}: no drafts were stored there; does the service run with ECHOSCRIBE_SHADOW=true?"
        )
    query = "SELECT document FROM studies WHERE document IS NOT NULL AND (?1 IS NULL OR study_id = ?1)"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            rows = connection.execute(f"{query} ORDER BY created DESC, study_id DESC", (study_id,)).fetchall()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{path}: cannot be read as a results file ({error})") from error
    for (document,) in rows:
        yield document
