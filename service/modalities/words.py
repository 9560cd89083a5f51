"""The words of a page that belong to a modality, by language: an explicit table, free of networks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from model.taxonomy import Taxonomy
from service.modalities.word_files import read_words

_ROOMS = Path(__file__).parent
_WITH_WORDS = {"echo"}  # modalities whose room has a folder `words`
_FIRST = "echo"  # of documents that were stored before they named their modality


@dataclass(frozen=True)
class ModalityWords:
    """What the page calls the things of a modality; each table is keyed by name.

    title: of the report while it is a draft, None where the modality has none in that language; final_title: signed.
    """

    title: str | None = None
    final_title: str | None = None
    views: Mapping[str, str] = field(default_factory=dict)
    phenotypes: Mapping[str, str] = field(default_factory=dict)
    measurements: Mapping[str, str] = field(default_factory=dict)

    def view(self, name: str | None) -> str:
        """A view as the page calls it; its own name where there is no word for it."""
        return self.views.get(name or "", name or "")

    def phenotype(self, name: str) -> str:
        """A phenotype as the page calls it."""
        return self.phenotypes.get(name, name)

    def measurement(self, name: str) -> str:
        """A measurement as the page calls it; a phenotype's number has the phenotype's word."""
        return self.measurements.get(name) or self.phenotype(name)

    @cached_property
    def _known(self) -> Mapping[str, str]:
        return {**self.views, **self.phenotypes}

    def named_in(self, text: str) -> str:
        """A text of ours in which names of views and phenotypes are written as the page calls them."""
        return re.sub(r"\w+", lambda found: self._known.get(found[0], found[0]), text)


@cache
def modality_words(modality: str, lang: str) -> ModalityWords:
    """The words of a modality in a language, English where it lacks some; none where it has no files.

    An empty modality is the first there was.
    """
    english, given = _stated(modality or _FIRST, "en"), _stated(modality or _FIRST, lang)
    tables = {
        name: {**english.get(name, {}), **given.get(name, {})} for name in ("views", "phenotypes", "measurements")
    }
    return ModalityWords(given.get("title"), given.get("final_title"), **tables)


def lacking_words(taxonomy: Taxonomy, lang: str, measurements: Iterable[str]) -> Iterator[str]:
    """Names of a modality for which a language has no word."""
    given = _stated(taxonomy.modality, lang)
    yield from (name for name in ("title", "final_title") if name not in given)
    wanted = {"views": taxonomy.views, "phenotypes": taxonomy.phenotype_names, "measurements": measurements}
    for table, names in wanted.items():
        yield from (f"{table}.{name}" for name in names if name not in given.get(table, {}))


def _stated(modality: str, lang: str) -> Mapping[str, Any]:
    return read_words(_ROOMS / modality / "words", lang) if modality in _WITH_WORDS else {}
