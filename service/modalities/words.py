"""The words of a page that belong to a modality; an explicit table, free of networks."""

from collections.abc import Mapping

from service.modalities.echo import words as echo_words

_TITLES: Mapping[str, Mapping[str, str]] = {"echo": echo_words.TITLES}
_FIRST = "echo"  # of documents that were stored before they named their modality


def title_of(modality: str, lang: str) -> str | None:
    """The title of a modality's report, None where it has none in that language."""
    return _TITLES.get(modality or _FIRST, {}).get(lang)
