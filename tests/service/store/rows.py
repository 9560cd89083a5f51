"""Rows to put into a store, and the store seen without our own code."""

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from service.run_options import RunOptions
from service.schemas import ClipOut, ReportDocument
from service.settings import PostgresPlace
from service.store.results import ResultStore
from tests.service.invented import invented_document

CLIP = ClipOut(
    clip=1, sha256="ab" * 32, used=True, skipped=None, detail=None, view="front", view_probability=1.0, start_frame=0
)
STATED = {"bundle": "invented", "bundle_sha256": "b" * 64, "bank": "small", "bank_sha256": "c" * 64}


def document(study_id: str, minutes: int = 0) -> ReportDocument:
    made = invented_document(RunOptions(study_id=study_id), [CLIP], dict(STATED))
    return made.model_copy(update={"created": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)})


def add(store: ResultStore, minutes: int = 0) -> str:
    study_id = store.accept(str(uuid.uuid4()))
    assert store.complete(document(study_id, minutes))
    return study_id


def run_sql(place: Path | PostgresPlace, statement: str, *values: Any) -> None:
    """Changes a store as no program of ours does; values stand for question marks."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as connection, connection:
            connection.execute(statement, values)
        return
    with psycopg.connect(place.url.get_secret_value(), options=f"-csearch_path={place.schema}") as server:
        server.execute(statement.replace("?", "%s").encode(), values)
