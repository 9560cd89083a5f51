"""Files of words: one per language, keys and texts, as translators edit them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def read_words(folder: Path, lang: str) -> Mapping[str, Any]:
    """What a language's file in a folder states; nothing where there is none. Raises ValueError for another form."""
    path = folder / f"{lang}.yaml"
    if not path.is_file():
        return {}
    words = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    if not isinstance(words, dict) or not all(isinstance(key, str) for key in words):
        raise ValueError(f"{path}: must hold keys and their words")
    return words
