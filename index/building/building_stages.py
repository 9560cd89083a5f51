"""Which stages of an unfinished bank are complete, so that building can go on where it was stopped."""

import json
import os
from pathlib import Path
from typing import Any

STAGES_FILE = "stages.json"
Noted = dict[str, Any]


class FinishedStages:
    """Stage → the note that was recorded with it, in a file of the unfinished bank's folder.

    fingerprint: of everything that the bank is built from; stages of another one do not count. None: nothing is kept.
    """

    def __init__(self, folder: Path, fingerprint: str | None) -> None:
        self._path = folder / STAGES_FILE
        self._fingerprint = fingerprint
        self.noted: dict[str, Noted] = {} if fingerprint is None else self._read()

    def note(self, stage: str, noted: Noted) -> None:
        """Records that a stage is complete; its files must be closed."""
        self.noted[stage] = noted
        if self._fingerprint is None:
            return
        draft = self._path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"fingerprint": self._fingerprint, "stages": self.noted}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def forget(self) -> None:
        """Removes the file, before the bank is complete."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Noted]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError):
            return {}
        same = isinstance(kept, dict) and kept.get("fingerprint") == self._fingerprint
        return dict(kept["stages"]) if same else {}
